import { Effect, Schema } from "effect";
import { readFile } from "node:fs/promises";
import { HELD_OUT, type Survey } from "../../core/curriculum.ts";
import { decode } from "../../core/decode.ts";
import { ExperimentError, InputError } from "../../core/errors.ts";
import { suggest } from "../../core/nearest.ts";
import { partitionOf } from "../../core/partition.ts";
import { curriculum, place, required } from "../../core/plugin.ts";
import { type NamedGenes, schedule, surveySums } from "../../core/schedule.ts";
import { idsOf } from "../../core/vocabulary.ts";
import { attemptAsync } from "../../streams/attempt.ts";

const Rows = Schema.Array(Schema.Number);

const Split = Schema.Struct({
  stages: Schema.Array(
    Schema.Struct({ name: Schema.String, genes: Schema.Array(Schema.String) }),
  ),
  heldOut: Rows,
  cells: Schema.Array(Rows),
});

/**
 * Repeats somebody's split exactly, from a JSON file:
 * `{ "stages": [{ "name", "genes": symbols }], "heldOut": rows, "cells": [rows, …] }`, where `cells`
 * has one list a stage, base first. Genes that no stage lists are base genes; cells that stand
 * nowhere are neither trained on nor held out.
 */
export const listed = curriculum({
  id: "listed",
  purpose: "repeats a split from a file: the genes of each stage and the rows of its cells",
  config: { path: place(required(Schema.String, "JSON file with stages, heldOut and cells")) },
  make: ({ path }) =>
    Effect.fnUntraced(function* (survey) {
      const split = yield* readSplit(path);
      const refuse = (why: string) =>
        new ExperimentError({ message: `Cannot use split "${path}": ${why}` });

      const wrong = wrongNames(split, survey) ?? wrongCells(split, survey);
      if (wrong !== undefined) return yield* refuse(wrong);
      const sets = placeGenes(split, survey);
      if (typeof sets === "string") return yield* refuse(sets);

      const parts = new Map([[HELD_OUT, split.heldOut], ...split.cells.entries()]);
      const sums = yield* surveySums(survey);
      return yield* schedule(sets, partitionOf(survey.cells, parts), {
        symbols: survey.symbols,
        sums,
      });
    }),
});

type Split = typeof Split.Type;

const readSplit = Effect.fnUntraced(function* (path: string) {
  const doing = `Cannot read split "${path}"`;
  const text = yield* attemptAsync(doing, () => readFile(path, "utf8"));
  const json = yield* Effect.try({
    try: () => JSON.parse(text) as unknown,
    catch: (cause) =>
      new InputError({ message: `${doing}: it is not JSON; ${(cause as Error).message}` }),
  });
  return yield* decode(Split, json, doing);
});

function wrongNames({ stages, cells }: Split, survey: Survey): string | undefined {
  const names = stages.map(({ name }) => name);
  for (let i = 0; i < Math.max(names.length, survey.sets.length); i++) {
    if (names[i] === survey.sets[i]) continue;
    return `its stage ${i + 1} is ${quoted(names[i])} where the experiment has the gene set ` +
      `${quoted(survey.sets[i])}; make them agree`;
  }
  if (cells.length === stages.length + 1) return undefined;
  return `"cells" has ${cells.length} lists instead of ${stages.length + 1}; ` +
    `give the base stage's rows first, then each stage's`;
}

const quoted = (name: string | undefined) => name === undefined ? "missing" : `"${name}"`;

/** The first row that is not in the atlas or stands twice. */
function wrongCells({ heldOut, cells }: Split, survey: Survey): string | undefined {
  const seen = new Uint8Array(survey.cells);
  for (const rows of [heldOut, ...cells]) {
    for (const row of rows) {
      if (!(Number.isInteger(row) && row >= 0 && row < survey.cells)) {
        return `its cell ${row} is not a row of the atlas; rows are 0 to ${survey.cells - 1}`;
      }
      if (seen[row]++ > 0) return `its cell ${row} is listed twice; list each cell once`;
    }
  }
}

/** The ids of each stage's symbols, or what is wrong with the first symbol that has no place. */
function placeGenes({ stages }: Split, { symbols }: Survey): NamedGenes[] | string {
  const ids = idsOf({ symbols }), owners = new Map<string, string>();
  for (const { name, genes } of stages) {
    for (const symbol of genes) {
      if (!ids.has(symbol)) {
        return `its stage "${name}" has the gene "${symbol}", which the atlas does not know; ` +
          suggest(symbol, symbols);
      }
      const owner = owners.get(symbol);
      if (owner !== undefined) {
        return `its gene "${symbol}" is in stage "${owner}" and again in stage "${name}"; ` +
          `list each gene once`;
      }
      owners.set(symbol, name);
    }
  }
  return stages.map(({ name, genes }) => ({ name, genes: genes.map((gene) => ids.get(gene)!) }));
}
