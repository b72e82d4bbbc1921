/**
 * What a method remembers, on disk beside the weights of its model.
 *
 * @module
 */

import { join } from "node:path";
import { encodeTensors } from "../../core/model/safetensors.ts";
import type { ReplayState } from "../../core/replay.ts";
import { explain } from "../explain.ts";
import { nameMemory } from "../checkpoint/remembered.ts";
import { writeWhole } from "../write_whole.ts";

/**
 * Writes a memory, complete or not at all: beside `models/x.safetensors`, `models/x.memory.safetensors`,
 * with the cells of each stage by their rows in the atlas and the genes and values that the stage
 * showed of them.
 *
 * @param weights File of the weights within `folder`.
 */
export function keepMemory(folder: string, weights: string, memory: ReplayState): void {
  const path = join(folder, weights.replace(/\.safetensors$/, ".memory.safetensors"));
  try {
    writeWhole(path, encodeTensors({ tensors: nameMemory(memory), metadata: {} }));
  } catch (cause) {
    throw explain(`Cannot write memory "${path}"`, cause) ?? cause;
  }
}
