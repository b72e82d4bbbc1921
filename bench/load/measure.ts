/**
 * Readers measured in turns: each reads for a while as the others sleep, round after round, so that
 * whatever else the machine does falls on all of them alike.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { type Running, startProgram } from "../train/peer.ts";
import type { Entrant } from "./programs.ts";
import type { ReadingAnswer, ReadingGreeting } from "./reading.ts";

/** How long is measured. */
export interface Pace {
  /** Times that each program reads. */
  readonly rounds: number;
  /** Seconds of each; programs read on until they would have to fill their memory again. */
  readonly seconds: number;
}

/** What a program read: the answers of its processes, round by round. */
export interface Measured {
  readonly name: string;
  /** Seconds to the first batch, of the slowest process. */
  readonly first: number;
  readonly rounds: readonly (readonly ReadingAnswer[])[];
}

/** What was measured, or why nothing was. */
export type Outcome = Measured | { readonly absent: string };

type Reader = ReadingGreeting & Running<ReadingAnswer>;

/** Seconds in which programs come to rest: those that read ahead have then read what they may. */
const REST = 0.3;

/** The outcome of each entrant, in their order; `before` is called before each turn of one. */
export async function measure(
  entrants: readonly Entrant[],
  { rounds, seconds }: Pace,
  before: (entrant: Entrant) => void | Promise<void> = () => {},
): Promise<Outcome[]> {
  const started: (Reader[] | { readonly absent: string })[] = [];
  const answers: ReadingAnswer[][][] = entrants.map(() => []);
  try {
    for (const entrant of entrants) started.push(await start(entrant));
    const running = started.flatMap((readers, i) => Array.isArray(readers) ? [i] : []);
    for (let round = 0; round < rounds; round++) {
      // Each round begins with another one, so that none always follows the same.
      for (let turn = 0; turn < running.length; turn++) {
        const i = running[(round + turn) % running.length], readers = started[i] as Reader[];
        await sleep(1000 * REST);
        await before(entrants[i]);
        answers[i].push(await Promise.all(readers.map((reader) => reader.make(seconds))));
      }
    }
    return started.map((readers, i) =>
      Array.isArray(readers)
        ? {
          name: readers[0].name,
          first: Math.max(...readers.map(({ first }) => first)),
          rounds: answers[i],
        }
        : readers
    );
  } finally {
    for (const readers of started) {
      if (Array.isArray(readers)) await Promise.all(readers.map((reader) => reader.close()));
    }
  }
}

/** Starts the processes of an entrant, or says why they did not start. */
async function start({ start, copies }: Entrant): Promise<Reader[] | { absent: string }> {
  if (typeof start === "string") return { absent: start };
  const all = await Promise.allSettled(
    Array.from({ length: copies }, () => startProgram<ReadingGreeting, ReadingAnswer>(start)),
  );
  const readers = all.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
  if (readers.length === copies) return readers;
  await Promise.all(readers.map((reader) => reader.close()));
  const [{ reason }] = all.filter((one) => one.status === "rejected");
  return { absent: (reason as Error).message };
}
