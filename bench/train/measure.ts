/**
 * Programs measured in turns: each makes a block of steps while the others sleep, round after round,
 * so that whatever else the machine does falls on all of them alike.
 *
 * @module
 */

import { type Answer, type Greeting, type Peer, type Start, startPeer } from "./peer.ts";

/** How long is measured. */
export interface Pace {
  /** Blocks of each program. */
  readonly rounds: number;
  /** Seconds that a block should take; it has at least one step. */
  readonly seconds: number;
  /** Seconds that a step may take; slower programs are left out. */
  readonly patience: number;
}

/** A program that may be measured. */
export interface Entrant {
  readonly name: string;
  /** How it is started, or why it cannot be. */
  readonly start: Start | string;
  /** Seconds that its first step may take longer than others. */
  readonly compiling?: number;
}

/** What was measured of a program. */
export interface Measured extends Greeting {
  /** Median milliseconds of a step, round by round. */
  readonly times: readonly number[];
  /** Milliseconds of the first step, which compiles. */
  readonly first: number;
  /** Loss of the first step and of the last. */
  readonly losses: readonly [number, number];
  /** Most bytes in memory. */
  readonly peak: number;
}

/** What was measured, or why nothing was. */
export type Outcome = Measured | { readonly absent: string };

/** A program that was started and has made its first steps. */
interface Runner {
  readonly peer: Peer;
  readonly warm: Answer;
  /** Steps of a block. */
  readonly steps: number;
  readonly times: number[];
  last: Answer;
}

/** Most steps of a block. */
const MOST_STEPS = 200;

/** The outcome of each entrant, in their order. */
export async function measure(entrants: readonly Entrant[], pace: Pace): Promise<Outcome[]> {
  const runners: (Runner | { readonly absent: string })[] = [];
  try {
    for (const entrant of entrants) runners.push(await warmUp(entrant, pace));
    const running = runners.filter((runner) => "peer" in runner);
    for (let round = 0; round < pace.rounds; round++) {
      // Each round begins with another one, so that none always follows the same.
      for (let i = 0; i < running.length; i++) {
        const runner = running[(round + i) % running.length];
        runner.last = await runner.peer.make(runner.steps);
        runner.times.push(median(runner.last.milliseconds));
      }
    }
    return runners.map((runner) => "peer" in runner ? measured(runner) : runner);
  } finally {
    for (const runner of runners) if ("peer" in runner) await runner.peer.close();
  }
}

/** Starts a program and makes the two steps that are not counted: the first one compiles. */
async function warmUp(
  { start, compiling = 0 }: Entrant,
  { seconds, patience }: Pace,
): Promise<Runner | { absent: string }> {
  if (typeof start === "string") return { absent: start };
  let peer: Peer | undefined;
  try {
    peer = await startPeer(start);
    const warm = await makeWithin(peer, patience + compiling);
    const last = await makeWithin(peer, patience);
    const fitting = Math.round(1000 * seconds / last.milliseconds[0]);
    const steps = Math.min(MOST_STEPS, Math.max(1, fitting));
    return { peer, warm, steps, times: [], last };
  } catch (error) {
    await peer?.close();
    return { absent: (error as Error).message };
  }
}

/** One step, for which the program has that many seconds. */
async function makeWithin(peer: Peer, seconds: number): Promise<Answer> {
  let late = false;
  const alarm = setTimeout(() => {
    late = true;
    peer.stop();
  }, 1000 * seconds);
  try {
    return await peer.make(1);
  } catch (error) {
    throw late ? new Error(`left out: a step takes more than ${seconds} s`) : error;
  } finally {
    clearTimeout(alarm);
  }
}

function measured({ peer, warm, times, last }: Runner): Measured {
  const { name, device, parameters } = peer;
  return {
    name,
    device,
    parameters,
    times,
    first: warm.milliseconds[0],
    losses: [warm.losses[0], last.losses.at(-1) ?? NaN],
    peak: last.peak,
  };
}

/** The middle one; of an even number, the mean of the middle two. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b), middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}
