/**
 * The kernels of the package, and in the place of those that are wrong or not reproducible others
 * made of the rest.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { cumulative } from "./cumulative.ts";
import { pad, reverse } from "./high_rank.ts";
import { kernelOf, type Mended, PACKAGE } from "./invoke.ts";
import { product } from "./product.ts";
import { segmentSum } from "./segment_sum.ts";

/** Adds two at a time: a shader of all terms at once needs more buffers than devices allow. */
const addN: Mended = (terms, _, invoke) =>
  Object.values(terms).reduce(
    (sum, term) => sum ? invoke("Add", { a: sum, b: term }) : invoke("Identity", { x: term }),
    undefined as tf.TensorInfo | undefined,
  ) as tf.TensorInfo;

const mended: Readonly<Record<string, Mended>> = {
  AddN: addN,
  BatchMatMul: product("BatchMatMul"),
  _FusedMatMul: product("_FusedMatMul"),
  Cumsum: cumulative({ operation: "Add", neutral: 0 }),
  Cumprod: cumulative({ operation: "Multiply", neutral: 1 }),
  PadV2: pad,
  Reverse: reverse,
  UnsortedSegmentSum: segmentSum,
};

/** Registers all kernels for the backend of that name. */
export function registerKernels(backendName: string): void {
  for (const kernel of tf.getKernelsForBackend(PACKAGE)) {
    const repair = mended[kernel.kernelName];
    tf.registerKernel({
      ...kernel,
      backendName,
      ...(repair ? { kernelFunc: kernelOf(repair) } : {}),
    });
  }
}

/** Takes all kernels of the backend of that name away. */
export function unregisterKernels(backendName: string): void {
  for (const { kernelName } of tf.getKernelsForBackend(backendName)) {
    tf.unregisterKernel(kernelName, backendName);
  }
}
