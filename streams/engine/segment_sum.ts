/**
 * The gradient of an embedding on tfjs's plain JavaScript backend, whose own kernel goes through
 * all tokens once for every row of the table.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";

let quick = false;

/** Replaces the backend's segment sum, once a process, by one pass over the tokens. */
export function quickenSegmentSum(): void {
  if (quick) return;
  quick = true;
  const kernel = { kernelName: "UnsortedSegmentSum", backendName: "cpu" };
  tf.unregisterKernel(kernel.kernelName, kernel.backendName);
  tf.registerKernel({ ...kernel, kernelFunc: segmentSum });
}

/** What the backend offers beyond the interface of all backends. */
interface Backend {
  readSync(id: object): Float32Array;
  makeTensorInfo(shape: number[], dtype: tf.DataType, values: Float32Array): tf.TensorInfo;
}

function segmentSum({ inputs, backend, attrs }: Parameters<tf.KernelFunc>[0]): tf.TensorInfo {
  const { x, segmentIds } = inputs as Record<"x" | "segmentIds", tf.TensorInfo>;
  const host = backend as Backend;
  const { numSegments } = attrs as unknown as tf.UnsortedSegmentSumAttrs;
  const terms = host.readSync(x.dataId), rows = host.readSync(segmentIds.dataId);
  const shape = [numSegments, ...x.shape.slice(segmentIds.shape.length)];
  const sums = new Float32Array(tf.util.sizeFromShape(shape));
  const width = sums.length / numSegments;
  for (let i = 0; i < rows.length; i++) {
    if (!(rows[i] >= 0 && rows[i] < numSegments)) continue;
    const to = rows[i] * width, from = i * width;
    for (let j = 0; j < width; j++) sums[to + j] += terms[from + j];
  }
  return host.makeTensorInfo(shape, x.dtype, sums);
}
