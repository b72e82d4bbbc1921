/**
 * Whole trainings through the framework beside their bare steps: what streaming, sampling, masking,
 * replay, logging and bookmarks add to them.
 *
 * @module
 */

import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { writeJob } from "./job.ts";
import type { Comparison } from "./compare.ts";
import { median } from "./measure.ts";
import { type Answer, type Peer, startPeer } from "./peer.ts";
import type { Place } from "./profile.ts";
import { engineOf, entrantOf, type Program } from "./programs.ts";
import type { Size } from "./sizes.ts";
import { type Spent, total } from "./spent.ts";
import { short, spread, tableLines } from "./table.ts";
import { experimentOf } from "./whole_experiment.ts";
import type { WholeRequest, WholeRun } from "./whole_run.ts";

/** A round: steps of one batch, of two, and a whole run. */
interface Round {
  /** Milliseconds of a bare step of one batch, and of two. */
  readonly steps: readonly [alone: number, replayed: number];
  readonly run: WholeRun;
}

/** A program on a size, round by round. */
export interface Whole {
  readonly size: Size;
  readonly program: string;
  readonly rounds: readonly Round[];
  /** Where the time of the main thread goes, in a run that is not counted. */
  readonly profile: { readonly places: readonly Place[]; readonly training: Spent };
}

/** Measures whole trainings and bare steps in turns. */
export async function compareWhole(comparison: Comparison): Promise<Whole[]> {
  const { sizes, programs, tell } = comparison, all: Whole[] = [];
  for (const size of sizes) {
    for (const program of programs) {
      tell(`${size.name} ${program.name}`);
      all.push(await measureWhole(size, program, comparison));
    }
  }
  return all;
}

async function measureWhole(
  size: Size,
  program: Program,
  { surroundings, pace, folder }: Comparison,
): Promise<Whole> {
  const job = await writeJob(size, join(folder, size.name));
  const experiment = join(folder, `${size.name}.json`);
  const engine = engineOf(program);
  await Deno.writeTextFile(experiment, JSON.stringify(experimentOf(size, engine)));
  let runs = 0;
  const run = (look: WholeRequest["look"]) => {
    const output = join(folder, `${size.name}-${program.name}-${runs++}`);
    return wholeRun({ experiment, output, batch: size.cells, look });
  };
  const peers: Peer[] = [];
  try {
    for (const work of ["train", "replay"] as const) {
      const { start } = entrantOf(program, { work, job }, surroundings);
      if (typeof start === "string") throw new Error(`Cannot measure "${program.name}": ${start}`);
      peers.push(await startPeer(start));
    }
    // The first run writes the atlas where it is not in the cache; it is looked at, not counted.
    const { places, training } = await run("profile");
    const warm: Answer[] = [];
    for (const peer of peers) warm.push(await peer.make(2));
    const rounds: Round[] = [];
    for (let round = 0; round < pace.rounds; round++) {
      const steps: number[] = [];
      for (const [i, peer] of peers.entries()) {
        const count = Math.max(1, Math.round(1000 * pace.seconds / warm[i].milliseconds[1]));
        steps.push(median((await peer.make(count)).milliseconds));
      }
      rounds.push({ steps: [steps[0], steps[1]], run: await run("clock") });
    }
    return { size, program: program.name, rounds, profile: { places, training } };
  } finally {
    for (const peer of peers) await peer.close();
  }
}

/** Runs an experiment in a process of its own. */
async function wholeRun(request: WholeRequest): Promise<WholeRun> {
  const script = fileURLToPath(new URL("whole_run.ts", import.meta.url));
  const args = ["run", "-A", script, JSON.stringify(request)];
  const child = new Deno.Command(process.execPath, { args, stdout: "piped", stderr: "piped" });
  const { success, stdout, stderr } = await child.output();
  const last = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim().split("\n").at(-1);
  if (!success) throw new Error(`Cannot run "${request.experiment}": ${last(stderr)}`);
  return JSON.parse(last(stdout) ?? "");
}

/** Cells a second of a round: of a whole training, and of its steps alone. */
function ratesOf({ steps: [alone, both], run }: Round, batch: number) {
  const cells = run.cells[0] + run.cells[1];
  // Steps of two batches make less of Adam: each kind of step is taken as often as in the run.
  const bare = run.cells[0] / batch * alone + run.cells[1] / (2 * batch) * both;
  const whole = total(run.training);
  return { whole: 1000 * cells / whole, bare: 1000 * cells / bare, share: bare / whole };
}

/** Share of a training during which the engine computed: hardly changes when others use the machine. */
const engineShare = (training: Spent): number => training.engine / total(training);

/** The table, and what the main thread does. */
export function wholeLines(all: readonly Whole[]): string[] {
  const range = (numbers: readonly number[]) =>
    spread([median(numbers), Math.min(...numbers), Math.max(...numbers)]);
  const head = [
    "size",
    "program",
    "steps: cells/s",
    "training: cells/s",
    "share",
    "in the engine",
    "positions filled",
  ];
  const parts = ["engine", "waiting for cells", "rest", "judging", "weights and bookmarks"];
  const rows = all.map(({ size, program, rounds }) => {
    const rates = rounds.map((round) => ratesOf(round, size.cells));
    const each = (time: (run: WholeRun) => number) =>
      short(median(rounds.map(({ run }) => time(run) / run.steps)));
    return [
      size.name,
      program,
      range(rates.map(({ bare }) => bare)),
      range(rates.map(({ whole }) => whole)),
      `${Math.round(100 * median(rates.map(({ share }) => share)))} %`,
      `${Math.round(100 * median(rounds.map(({ run: { training } }) => engineShare(training))))} %`,
      `${Math.round(100 * median(rounds.map(({ run }) => run.filled)))} %`,
      each(({ training }) => training.engine),
      each(({ training }) => training.cells),
      each(({ training }) => training.rest),
      each(({ judging }) => judging),
      each(({ keeping }) => keeping),
    ];
  });
  const named = [...head, ...parts.map((part) => `ms a step: ${part}`)];
  return [...tableLines(named, rows), ...all.flatMap(placeLines)];
}

/** Places of the main thread that take a hundredth of a training or more. */
function placeLines({ size, program, profile: { places, training } }: Whole): string[] {
  const whole = total(training);
  const rows = places.filter(({ milliseconds }) => milliseconds >= whole / 100).map(
    ({ place, milliseconds }) => [place, `${(100 * milliseconds / whole).toFixed(1)} %`],
  );
  return [
    "",
    ...tableLines([`main thread in training, ${size.name}, ${program}`, "share"], rows, 1),
  ];
}
