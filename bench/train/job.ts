/**
 * The work that all programs get alike: a model with its first weights, and a batch.
 *
 * @module
 */

import { join } from "node:path";
import { type Architecture, fillWeights } from "../../core/model/architecture.ts";
import { layoutOf, type Slot } from "../../core/model/program.ts";
import { keyOf } from "../../core/random.ts";
import { transformer } from "../../plugins/mod.ts";
import { batchOf } from "./batch.ts";
import type { Size } from "./sizes.ts";

/** Key of the first weights. */
export const WEIGHTS = keyOf(2);

/** The model of a size. */
export function architectureOf({ genes, length, ...size }: Size): Architecture {
  const { layers, width, heads, feedForward, dropout } = size;
  const config = { layers, width, embedding: width, heads, feedForward, dropout };
  return transformer(config)({ genes, length });
}

/** What a program in another language needs to begin as ours does. */
export interface Job {
  readonly size: Size;
  /** Floats of all weights together. */
  readonly parameters: number;
  /** Where each weight lies in `weights.bin`. */
  readonly slots: readonly Slot[];
  /** Folder of `weights.bin`, and of the batch: `genes.bin`, `input.bin`, … */
  readonly folder: string;
}

/** Writes weights and batch to `folder`, as bare numbers. */
export async function writeJob(size: Size, folder: string): Promise<Job> {
  const architecture = architectureOf(size);
  const layout = layoutOf(architecture.weights), weights = new Float32Array(layout.size);
  fillWeights(weights, layout, architecture.weights, WEIGHTS);
  const { genes, input, target, padding, masked } = batchOf(size);
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, array] of Object.entries({ weights, genes, input, target, padding, masked })) {
    await Deno.writeFile(join(folder, `${name}.bin`), new Uint8Array(array.buffer));
  }
  return { size, parameters: layout.size, slots: layout.slots, folder };
}
