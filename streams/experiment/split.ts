/**
 * The split of genes and cells that an experiment would train on.
 *
 * @module
 */

import { Effect } from "effect";
import { writeFileSync } from "node:fs";
import { type Curriculum, HELD_OUT } from "../../core/curriculum.ts";
import type { Registry } from "../../core/registry.ts";
import { wrap } from "../../core/report/wrap.ts";
import { attempt } from "../attempt.ts";
import { loadExperiment, type Overrides } from "./load_experiment.ts";
import { openData } from "./open_data.ts";

/** A split as the curriculum `listed` reads it. */
export interface Split {
  /** One a gene stage: its genes in the order of their ranks. */
  readonly stages: readonly { readonly name: string; readonly genes: readonly string[] }[];
  /** Rows of the atlas that no stage trains on. */
  readonly heldOut: readonly number[];
  /** Rows of each stage, base first. */
  readonly cells: readonly (readonly number[])[];
}

/** Opens the data of the experiment in a file as a run would, and returns its split. */
export const splitOfFile = Effect.fnUntraced(
  function* (path: string, box: Registry, overrides: Overrides = {}) {
    const { experiment, registry } = yield* loadExperiment(path, box, overrides);
    const { curriculum, source } = yield* openData(experiment, registry);
    return splitOf(curriculum, source.vocabulary.symbols, source.cells);
  },
  Effect.scoped,
);

/** The split of a curriculum over an atlas with these genes and so many cells. */
export function splitOf(
  { rank, stages, partition }: Curriculum,
  symbols: readonly string[],
  cells: number,
): Split {
  const byRank: string[] = [];
  rank.forEach((position, gene) => byRank[position] = symbols[gene]);
  const rows = new Map<number, number[]>([HELD_OUT, ...stages.keys()].map((part) => [part, []]));
  for (let cell = 0; cell < cells; cell++) rows.get(partition.part(cell))?.push(cell);
  return {
    stages: stages.slice(1).map(({ name, from, to }) => ({ name, genes: byRank.slice(from, to) })),
    heldOut: rows.get(HELD_OUT)!,
    cells: stages.map(({ index }) => rows.get(index)!),
  };
}

/** The genes of each stage as lines of at most `columns` characters, and how many cells it has. */
export function splitInWords({ stages, heldOut, cells }: Split, columns: number): string[] {
  return [
    `base: ${cells[0].length} cells; held out: ${heldOut.length} cells`,
    ...stages.flatMap(({ name, genes }, i) => [
      `${name}: ${genes.length} genes, ${cells[i + 1].length} cells`,
      ...wrap(`  ${genes.join(" ")}`, 2, columns),
    ]),
  ];
}

/** Writes a split as JSON to a new file, so that the curriculum `listed` can repeat it. */
export const writeSplit = (path: string, split: Split) =>
  attempt(
    `Cannot write split "${path}"`,
    () => writeFileSync(path, JSON.stringify(split) + "\n", { flag: "wx" }),
  );
