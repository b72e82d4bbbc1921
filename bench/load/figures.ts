/**
 * What measurements say, program by program.
 *
 * @module
 */

import { median } from "../train/measure.ts";
import { signatureOf, type Truth } from "./data.ts";
import { entropyAtRandom, entropyOf } from "./entropy.ts";
import type { Measured, Outcome } from "./measure.ts";
import type { Entrant } from "./programs.ts";

/** A median, the least and the most. */
export type Spread = readonly [median: number, least: number, most: number];

/** A program with what was measured of it. */
export interface Row {
  readonly program: string;
  /** What it calls itself; why there are no figures where it has none. */
  readonly name: string;
  readonly figures: Figures | undefined;
}

/** The figures of a row; those of several processes are added up. */
export interface Figures {
  readonly cellsPerSecond: Spread;
  /** Of all rounds together. */
  readonly cellsPerCpuSecond: number;
  /** Cores in use, of all rounds together. */
  readonly cores: number;
  readonly entriesPerCell: number;
  /** Seconds to the first batch. */
  readonly first: number;
  /** Most bytes in memory. */
  readonly peak: number;
  /** Entropy of a batch's labels, as a share of that of cells drawn at random; NaN where none was seen. */
  readonly entropy: number;
  /** Bytes from the disk, of those that were read. */
  readonly disk: number;
  /** Milliseconds that the consumer waited for a batch. */
  readonly waits: readonly [median: number, most: number];
  /** How many times as many cells a CPU-second as annbatch with its defaults. */
  readonly timesAnnbatch: number | undefined;
  /** What is wrong with what it read; empty when nothing is. */
  readonly doubts: string;
}

/** The rows of the table, in the order of the entrants. */
export function rowsOf(
  entrants: readonly Entrant[],
  outcomes: readonly Outcome[],
  truth: Truth,
): Row[] {
  const known = new Set(truth.signatures);
  const peer = outcomes[entrants.findIndex(({ name }) => name === "annbatch")];
  const reference = peer && "rounds" in peer ? rateOf(peer) : undefined;
  return entrants.map(({ name: program }, i) => {
    const outcome = outcomes[i];
    if ("absent" in outcome) return { program, name: outcome.absent, figures: undefined };
    const all = outcome.rounds.flat(), seen = all.flatMap(({ seen }) => seen);
    const sum = (of: (answer: typeof all[number]) => number) =>
      all.reduce((sum, answer) => sum + of(answer), 0);
    const rates = outcome.rounds.map((round) =>
      round.reduce((sum, { cells, seconds }) => sum + cells / seconds, 0)
    );
    const full = Math.max(...seen.map(({ labels }) => labels.length));
    const bits = seen.map(({ labels }) => labels).filter((each) => each.length === full)
      .map(entropyOf);
    const atRandom = entropyAtRandom(Object.values(truth.labels), full);
    const entriesPerCell = sum(({ entries }) => entries) / sum(({ cells }) => cells);
    const strange = seen.reduce((found, { labels, entries, sums }) => {
      const unknown = labels.filter((label, c) =>
        !known.has(signatureOf(label, entries[c], sums[c]))
      );
      return found + unknown.length;
    }, 0);
    const doubts = strange > 0 ? `${strange} cells that are not in the file` : "";
    const figures: Figures = {
      cellsPerSecond: [median(rates), Math.min(...rates), Math.max(...rates)],
      cellsPerCpuSecond: rateOf(outcome),
      cores: sum(({ cpu }) => cpu) /
        outcome.rounds.reduce((sum, round) => sum + Math.max(...round.map((a) => a.seconds)), 0),
      entriesPerCell,
      first: outcome.first,
      peak: peakOf(outcome),
      entropy: bits.reduce((a, b) => a + b, 0) / bits.length / atRandom,
      disk: sum(({ disk }) => disk),
      waits: [median(all.map((a) => a.waits[0])), Math.max(...all.map((a) => a.waits[1]))],
      timesAnnbatch: reference === undefined ? undefined : rateOf(outcome) / reference,
      doubts,
    };
    return { program, name: outcome.name, figures };
  });
}

/** Cells a CPU-second, over all rounds. */
function rateOf({ rounds }: Measured): number {
  const all = rounds.flat();
  return all.reduce((sum, { cells }) => sum + cells, 0) /
    all.reduce((sum, { cpu }) => sum + cpu, 0);
}

/** Most bytes in memory, processes of a program added up. */
function peakOf({ rounds }: Measured): number {
  const last = rounds.at(-1) ?? [];
  return last.reduce((sum, { peak }) => sum + peak, 0);
}
