/**
 * The parts of a bookmark as the tensor files of a checkpoint, and back.
 *
 * `trunk.safetensors` and `branch.safetensors` hold one array a weight, under its name;
 * `training.safetensors` the same arrays under `firstMoment/`, `secondMoment/` and, where one teaches,
 * `teacher/`; `memory.safetensors` what is remembered (`remembered.ts`).
 *
 * @module
 */

import type { Layout } from "../../core/model/program.ts";
import { encodeTensors } from "../../core/model/safetensors.ts";
import type { Bookmark, Training } from "./bookmark.ts";
import type { FileName } from "./manifest.ts";
import type { Tensors } from "./read_checkpoint.ts";
import { nameMemory, recallMemory } from "./remembered.ts";
import { flattenWeights, nameWeights } from "./weights.ts";

/** The parts of a bookmark that have a file. */
export type Parts = Pick<Bookmark, "trunk" | "branch" | "training" | "memory">;

/** What parts are read with. */
interface Frame {
  readonly layout: Layout;
  /** Genes of the vocabulary. */
  readonly genes: number;
}

/** The files of a bookmark, each made when it is asked for: a large part exists twice, not all. */
export function* encodeParts(
  { trunk, branch, training, memory }: Parts,
  layout: Layout,
): Generator<readonly [FileName, Uint8Array]> {
  if (trunk) yield ["trunk.safetensors", encode(nameWeights(trunk, layout))];
  if (branch) yield ["branch.safetensors", encode(nameWeights(branch, layout))];
  if (training) yield ["training.safetensors", encode(nameTraining(training, layout))];
  if (memory) yield ["memory.safetensors", encode(nameMemory(memory))];
}

/**
 * The parts of a bookmark from the arrays of its files.
 *
 * @throws InputError when the arrays do not fit the frame.
 */
export function decodeParts(
  files: Readonly<Partial<Record<FileName, Tensors>>>,
  { layout, genes }: Frame,
): Parts {
  const trunk = files["trunk.safetensors"], branch = files["branch.safetensors"];
  const training = files["training.safetensors"], memory = files["memory.safetensors"];
  return {
    trunk: trunk && flattenWeights(trunk, layout),
    branch: branch && flattenWeights(branch, layout),
    training: training && readTraining(training, layout),
    memory: memory && recallMemory(memory, genes),
  };
}

const encode = (tensors: Tensors): Uint8Array => encodeTensors({ tensors, metadata: {} });

const nameTraining = (
  { firstMoment, secondMoment, teacher }: Training,
  layout: Layout,
): Tensors =>
  new Map([
    ...nameWeights(firstMoment, layout, "firstMoment/"),
    ...nameWeights(secondMoment, layout, "secondMoment/"),
    ...(teacher ? nameWeights(teacher, layout, "teacher/") : []),
  ]);

function readTraining(tensors: Tensors, layout: Layout): Training {
  const teaches = [...tensors.keys()].some((name) => name.startsWith("teacher/"));
  return {
    firstMoment: flattenWeights(tensors, layout, "firstMoment/"),
    secondMoment: flattenWeights(tensors, layout, "secondMoment/"),
    teacher: teaches ? flattenWeights(tensors, layout, "teacher/") : undefined,
  };
}
