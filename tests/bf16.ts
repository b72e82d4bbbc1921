/**
 * Numbers in bf16, the upper half of a float.
 *
 * @module
 */

import type { Precision } from "../core/model/program.ts";

/** The nearest bf16 of each number, of two equally near the even one. */
export function roundedToBf16(numbers: ArrayLike<number>): Float32Array {
  const floats = Float32Array.from(numbers), bits = new Uint32Array(floats.buffer);
  for (let i = 0; i < bits.length; i++) {
    if (Number.isNaN(floats[i])) continue;
    bits[i] = (bits[i] + 0x7fff + ((bits[i] >>> 16) & 1)) & 0xffff0000;
  }
  return floats;
}

/** What products of a precision read of numbers. */
export const inPrecision = (precision: Precision, numbers: ArrayLike<number>): ArrayLike<number> =>
  precision === "bf16" ? roundedToBf16(numbers) : numbers;

/** What a product of matrices reads of its factors: they are rounded unless one is a column or a row. */
export const inProduct = (
  precision: Precision,
  { columns, depth }: { readonly columns: number; readonly depth: number },
  numbers: ArrayLike<number>,
): ArrayLike<number> => columns === 1 || depth === 1 ? numbers : inPrecision(precision, numbers);
