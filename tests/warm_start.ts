/**
 * Experiments that begin with trained weights, and files of weights for them.
 *
 * @module
 */

import { Effect } from "effect";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Experiment } from "../core/experiment.ts";
import { encodeTensors, type TensorFile } from "../core/model/safetensors.ts";
import { type Plugin, required, source } from "../core/plugin.ts";
import { Schema } from "effect";
import * as box from "../plugins/mod.ts";
import { type OpenedRun, openRun } from "../streams/experiment/open_run.ts";
import { memorySource } from "./memory_source.ts";

/** Cells without files whose genes have other symbols the other way around. */
const memory = source({
  id: "memory",
  purpose: "makes cells when they are read",
  config: {
    cells: required(Schema.Int, "number of cells"),
    genes: required(Schema.Int, "number of genes"),
    reversed: Schema.optionalKey(Schema.Boolean),
  },
  make: ({ reversed, ...config }) => {
    const cells = memorySource(config), { symbols } = cells.vocabulary;
    const vocabulary = { symbols: reversed ? symbols.toReversed() : symbols };
    return Effect.succeed({ ...cells, vocabulary });
  },
});

const registry = { ...box, memory: memory as unknown as Plugin };

/** Opens an experiment, lets `use` have it and closes it; the sentence with which it is refused throws. */
export const withOpened = <A>(
  experiment: Experiment,
  use: (opened: OpenedRun) => Promise<A>,
): Promise<A> =>
  Effect.runPromise(Effect.scoped(
    Effect.flatMap(openRun(experiment, registry), (opened) => Effect.promise(() => use(opened))),
  ));

/** Writes arrays as a safetensors file into a folder and returns its path. */
export function weightsFile(
  folder: string,
  { tensors, metadata = {} }: Pick<TensorFile, "tensors"> & Partial<TensorFile>,
  name = "weights.safetensors",
): string {
  const path = join(folder, name);
  writeFileSync(path, encodeTensors({ tensors, metadata }));
  return path;
}
