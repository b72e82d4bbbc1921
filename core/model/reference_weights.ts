/**
 * Weights as the reference implementation (PyTorch) keeps them, and as they are laid out here.
 *
 * Names are shared. Axes come in the opposite order, so that a linear layer's matrix is
 * inputs × outputs and a convolution's filter places × inputs × outputs; only the gene table is
 * genes × width in both.
 *
 * @module
 */

import { InputError } from "../errors.ts";
import { at, type Layout, type Slot } from "./program.ts";
import { NOT_FLOAT32, type StoredTensor } from "./safetensors.ts";

const GENE_TABLE = "embedding.weight";

/** A norm that the reference makes and never uses, and counts that its batch norms never look at. */
const UNUSED = /^layer_norm\.(weight|bias)$|\.num_batches_tracked$/;

/**
 * The flat buffer of `layout` filled from the reference's state dictionary.
 *
 * @param file Where the arrays come from, for messages.
 * @throws InputError when an array is missing, is left over, or has another shape or element type.
 */
export function fromReference(
  stored: ReadonlyMap<string, StoredTensor>,
  layout: Layout,
  file: string,
): Float32Array {
  const weights = new Float32Array(layout.size);
  const left = new Set([...stored.keys()].filter((name) => !UNUSED.test(name)));
  const refuse = (name: string, why: string) =>
    new InputError({ message: `Cannot read weight "${name}" from "${file}": ${why}` });

  for (const slot of layout.slots) {
    const name = referenceName(slot), shape = referenceShape(slot), found = stored.get(name);
    if (!found) throw refuse(name, "it is not there; is this another architecture?");
    if (!(found.values instanceof Float32Array)) throw refuse(name, NOT_FLOAT32);
    if (found.shape.join() !== shape.join()) {
      throw refuse(name, `its shape is [${found.shape}] where [${shape}] is expected`);
    }
    fillReversed(at(weights, slot), found.values, turnedShape(slot));
    left.delete(name);
  }
  for (const name of left) throw refuse(name, "this architecture has no such weight");
  return weights;
}

/**
 * The reference's state dictionary: what `fromReference` reads, in arrays of its own. The reference
 * takes it with `strict=False`, as the norm that it never uses is left out.
 */
export function toReference(weights: Float32Array, layout: Layout): Map<string, StoredTensor> {
  return new Map(layout.slots.map((slot) => {
    const values = new Float32Array(slot.size);
    fillReversed(values, at(weights, slot), [...turnedShape(slot)].reverse());
    return [referenceName(slot), { shape: referenceShape(slot), values }];
  }));
}

/** PyTorch's attention writes `in_proj_weight` where every other layer writes `name.weight`. */
const referenceName = ({ name }: Slot): string =>
  name.replace(/\.self_attn\.in_proj\./, ".self_attn.in_proj_");

const referenceShape = ({ name, shape }: Slot): readonly number[] =>
  name === GENE_TABLE ? shape : [...shape].reverse();

/** The reference's shape; for the gene table, one axis, which has no order. */
const turnedShape = (slot: Slot): readonly number[] =>
  slot.name === GENE_TABLE ? [slot.size] : referenceShape(slot);

/** Writes `values`, row-major of `shape`, with the order of the axes reversed. */
function fillReversed(
  out: Float32Array,
  values: Float32Array,
  shape: readonly number[],
): void {
  const index = new Array<number>(shape.length).fill(0);
  for (let i = 0; i < values.length; i++) {
    let place = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) place = place * shape[axis] + index[axis];
    out[place] = values[i];
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) {
      index[axis] = 0;
    }
  }
}
