/**
 * Weights on disk: one safetensors file a model and stage.
 *
 * @module
 */

import { mkdir, open, rename } from "node:fs/promises";
import { join } from "node:path";
import { at, type Layout } from "../../core/model/program.ts";
import { encodeTensors } from "../../core/model/safetensors.ts";
import { explain } from "../attempt.ts";
import type { Run } from "../run.ts";

/** Folder of the weights within that of a run. */
export const MODELS_FOLDER = "models";

/**
 * Writes weights into the folder of a run, each file complete or not there at all: "seed 1, stage 2,
 * gene replay" becomes `models/seed-1-stage-2-gene-replay.safetensors`; a model that all methods still
 * share has no method in its name.
 *
 * @param methods How many methods the run compares.
 */
export function keepWeights(
  folder: string,
  { layout, methods }: { readonly layout: Layout; readonly methods: number },
): NonNullable<Run["keep"]> {
  return async (weights, { methods: sharing, seed, stage }) => {
    const name = sharing.length === methods && methods > 1 ? [] : sharing.map(slug);
    const file = `${["seed", seed, "stage", stage, ...name].join("-")}.safetensors`;
    const path = join(folder, MODELS_FOLDER, file);
    const tensors = new Map(
      layout.slots.map((
        slot,
      ) => [slot.name, { shape: slot.shape, values: at(weights, slot).slice() }]),
    );
    const metadata = { methods: sharing.join(", "), seed: String(seed), stage: String(stage) };
    try {
      await mkdir(join(folder, MODELS_FOLDER), { recursive: true });
      const handle = await open(`${path}.part`, "w");
      try {
        await handle.writeFile(encodeTensors({ tensors, metadata }));
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(`${path}.part`, path);
    } catch (cause) {
      throw explain(`Cannot write weights "${path}"`, cause) ?? cause;
    }
    return `${MODELS_FOLDER}/${file}`;
  };
}

/** A method's name as a part of a file name. */
const slug = (name: string): string =>
  name.toLowerCase().replace(/[^a-z0-9.]+/g, "-").replace(/^-|-$/g, "") || "method";
