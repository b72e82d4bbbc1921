/**
 * Matrix products over a long axis. The package splits the sum over threads that add up atomically:
 * digits then depend on the order in which they come, and where the second factor is transposed
 * whole results have been seen to be wrong.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { Mended } from "./invoke.ts";

/** Shared lengths from which the package splits a product over threads that add up atomically. */
const SPLIT = 2000;
/** More tiles of 32 × 32 results than this are never split. */
const TILES = 32;
/** The package's number for products in small tiles. */
const SMALL_TILES = 2;

/** The product of that name, in small tiles where the package would split the sum. */
export const product =
  (name: "BatchMatMul" | "_FusedMatMul"): Mended => (inputs, attrs, invoke) => {
    const { transposeA, transposeB } = attrs as tf.BatchMatMulAttrs;
    const [rows, shared] = sides(inputs.a, transposeA), [, columns] = sides(inputs.b, transposeB);
    const tiles = Math.ceil(rows / 32) * Math.ceil(columns / 32);
    if (shared < SPLIT || tiles > TILES) return invoke(name, inputs, attrs as object);
    tf.env().set(KIND, SMALL_TILES);
    try {
      return invoke(name, inputs, attrs as object);
    } finally {
      tf.env().set(KIND, -1);
    }
  };

const KIND = "WEBGPU_MATMUL_PROGRAM_TYPE";

function sides({ shape }: tf.TensorInfo, transposed: boolean): number[] {
  const sides = shape.slice(-2);
  return transposed ? sides.reverse() : sides;
}
