/**
 * Flat buffers as named arrays on disk, one a weight, and back.
 *
 * @module
 */

import { InputError } from "../../core/errors.ts";
import { at, type Layout } from "../../core/model/program.ts";
import type { StoredTensor } from "../../core/model/safetensors.ts";

/**
 * The arrays of a flat buffer, as copies, each named `prefix` and the name of its weight.
 *
 * @throws RangeError when the buffer has not the size of the layout.
 */
export function nameWeights(
  flat: Float32Array,
  layout: Layout,
  prefix = "",
): Map<string, StoredTensor> {
  if (flat.length !== layout.size) {
    throw new RangeError(`Cannot name ${flat.length} weights by a layout of ${layout.size}`);
  }
  return new Map(layout.slots.map((slot) => {
    const values = at(flat, slot).slice();
    return [prefix + slot.name, { shape: slot.shape, values }];
  }));
}

/**
 * The flat buffer whose arrays `nameWeights` gave; other names are left alone.
 *
 * @throws InputError when an array is missing or has another shape or element type.
 */
export function flattenWeights(
  tensors: ReadonlyMap<string, StoredTensor>,
  layout: Layout,
  prefix = "",
): Float32Array {
  const flat = new Float32Array(layout.size);
  for (const slot of layout.slots) {
    const name = prefix + slot.name, found = tensors.get(name);
    if (!(found?.values instanceof Float32Array) || found.shape.join() !== slot.shape.join()) {
      throw new InputError({
        message: `Cannot read weight "${name}": ` +
          (found ? `it is no float32 array of shape [${slot.shape.join(", ")}]` : "it is missing"),
      });
    }
    at(flat, slot).set(found.values);
  }
  return flat;
}
