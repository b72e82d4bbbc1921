/**
 * The two ways in which a file may name a model's weights, and how they are told apart.
 *
 * `gil` writes one float32 array a weight, row-major. A layer's matrix is `<layer>.weight`, its shift
 * `<layer>.bias`; a matrix is inputs × outputs, a convolution's filter places × inputs × outputs, a
 * norm's scale and shift one number a channel, running statistics `<layer>.running_mean` and
 * `<layer>.running_var`. The gene table is `embedding.weight`, a row a gene in the order of the
 * vocabulary, then padding, cell token and the reference's unused third token. The layers around every
 * encoder are `emb_trans`, `value_encoder.0` and `.2`, `decoder` and `gene2query` `.0`, `.2` and `.4`;
 * those of the encoder begin with `encoder.`. `names` in the metadata says "gil".
 *
 * The reference implementation (a PyTorch state dictionary) has the same names but for
 * `self_attn.in_proj_weight`, and the axes of all but the gene table in the opposite order:
 * `core/model/reference_weights.ts` is the map, both ways.
 *
 * @module
 */

import { InputError } from "../../core/errors.ts";
import { at, type Layout, layoutOf } from "../../core/model/program.ts";
import { fromReference, toReference } from "../../core/model/reference_weights.ts";
import { NOT_FLOAT32, type StoredTensor, type TensorFile } from "../../core/model/safetensors.ts";
import type { Tensors } from "../checkpoint/read_checkpoint.ts";
import { nameWeights } from "../checkpoint/weights.ts";

/** Whose names and axes a file has. */
export const NAMES = ["gil", "reference"] as const;

/** Whose names and axes a file has. */
export type Names = (typeof NAMES)[number];

/** The same in words. */
export const WHOSE: Readonly<Record<Names, string>> = {
  gil: "gil's names",
  reference: "the reference's names and axes",
};

/**
 * Whose names a file has: those that its metadata tell; else those of the side on which the matrices
 * have their outputs, which are as many as the numbers of the bias beside them. Where no matrix
 * tells, as when all are square, they are taken for gil's.
 */
export function namesOf({ tensors, metadata }: Pick<TensorFile, "tensors" | "metadata">): Names {
  const told = NAMES.find((names) => names === metadata.names);
  if (told !== undefined) return told;
  let outputsFirst = 0;
  for (const [name, { shape }] of tensors) {
    const bias = tensors.get(name.replace(/weight$/, "bias"));
    if (!name.endsWith("weight") || bias?.shape.length !== 1 || shape.length < 2) continue;
    const outputs = bias.shape[0];
    outputsFirst += Number(shape[0] === outputs) - Number(shape.at(-1) === outputs);
  }
  return outputsFirst > 0 ? "reference" : "gil";
}

/**
 * The arrays of a file by the names of gil or of the reference, whichever it has; arrays that the
 * reference makes and never uses are left out.
 *
 * @param file Where the arrays come from, for messages.
 * @throws InputError when an array is not float32, or cannot be called by the other names.
 */
export function renamed(
  { tensors, from, to }: { readonly tensors: Tensors; readonly from: Names; readonly to: Names },
  file: string,
): Tensors {
  if (from === to) return tensors;
  const layout = from === "gil"
    ? layoutOf([...tensors].map(([name, { shape }]) => ({ name, shape })))
    : layoutOf(
      [...tensors].filter(([name, tensor]) => isUsed(name, tensor))
        .map(([name, tensor]) => slotOf(name, tensor, file)),
    );
  if (from === "reference") return nameWeights(fromReference(tensors, layout, file), layout);
  return toReference(flattened(tensors, layout, file), layout);
}

/**
 * The flat buffer of `layout` filled from arrays with gil's names.
 *
 * @throws InputError that names the first weight that is missing, is left over, or has another shape
 * or element type.
 */
export function flattened(tensors: Tensors, layout: Layout, file: string): Float32Array {
  const flat = new Float32Array(layout.size);
  const left = new Set(tensors.keys());
  for (const slot of layout.slots) {
    const { name, shape } = slot, found = tensors.get(name);
    if (!found) throw refuse(name, file, "it is not there; is this another architecture?");
    if (!(found.values instanceof Float32Array)) throw refuse(name, file, NOT_FLOAT32);
    if (found.shape.join() !== shape.join()) {
      throw refuse(name, file, `its shape is [${found.shape}] where [${shape}] is expected`);
    }
    at(flat, slot).set(found.values);
    left.delete(name);
  }
  for (const name of left) throw refuse(name, file, "this architecture has no such weight");
  return flat;
}

/** Whether a model has a use for an array of the reference's: the map passes over the others. */
function isUsed(name: string, tensor: StoredTensor): boolean {
  try {
    fromReference(new Map([[name, tensor]]), layoutOf([]), "");
    return false;
  } catch {
    return true;
  }
}

/** Name and shape here of an array of the reference's: those from which the map leads to it. */
function slotOf(name: string, { shape }: StoredTensor, file: string) {
  const size = shape.reduce((a, b) => a * b, 1);
  for (const own of [name.replace(/_(weight|bias)$/, ".$1"), name]) {
    for (const turned of [[...shape].reverse(), shape]) {
      const slot = { name: own, shape: turned };
      const [[back, tensor]] = toReference(new Float32Array(size), layoutOf([slot]));
      if (back === name && tensor.shape.join() === shape.join()) return slot;
    }
  }
  throw refuse(name, file, "it has no name here");
}

const refuse = (name: string, file: string, why: string) =>
  new InputError({ message: `Cannot read weight "${name}" from "${file}": ${why}` });
