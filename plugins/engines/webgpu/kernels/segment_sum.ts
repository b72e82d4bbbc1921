/**
 * The gradient of an embedding. The package's own adds in whatever order the threads come, so that
 * two runs differ in their last digits.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { Mended, ShaderProgram } from "./invoke.ts";

/**
 * The kernel: each segment's rows are linked in order, then summed along the links by one thread a
 * column. Segments outside the table are left out.
 */
export const segmentSum: Mended = ({ x, segmentIds }, attrs, invoke) => {
  const { numSegments } = attrs as unknown as tf.UnsortedSegmentSumAttrs;
  const rows = tf.util.sizeFromShape(segmentIds.shape);
  const rest = x.shape.slice(segmentIds.shape.length);
  const width = tf.util.sizeFromShape(rest);
  const ids = invoke("Reshape", { x: segmentIds }, { shape: [rows] });
  const links = invoke.shader(linking(rows), {
    inputs: [ids],
    dtype: "int32",
    uniforms: [{ type: "int32", data: [rows] }],
  });
  const shape = [numSegments, width];
  const output = invoke("Fill", {}, { shape, value: 0, dtype: x.dtype });
  invoke.shader(summing(rows * width, shape), {
    inputs: [invoke("Reshape", { x }, { shape: [rows * width] }), ids, links],
    dtype: x.dtype,
    uniforms: [rows, width, numSegments].map((number) => ({ type: "int32", data: [number] })),
    output,
  });
  return invoke("Reshape", { x: output }, { shape: [numSegments, ...rest] });
};

/**
 * For each row the next one of its segment, or the number of rows after the last; negative at the
 * first row of a segment.
 */
const linking = (rows: number): ShaderProgram => ({
  variableNames: ["ids"],
  uniforms: "rows : i32,",
  outputShape: [rows],
  shaderKey: "gil_segment_links",
  ...flat(rows, [0]),
  getUserCode: () => `
    fn main(row : i32) {
      if (row >= uniforms.rows) { return; }
      let id = ids[row];
      var next = row + 1;
      while (next < uniforms.rows && ids[next] != id) { next++; }
      var before = row - 1;
      while (before >= 0 && ids[before] != id) { before--; }
      result[row] = select(next, -next, before < 0);
    }`,
});

const summing = (size: number, outputShape: readonly number[]): ShaderProgram => ({
  variableNames: ["x", "ids", "links"],
  uniforms: "rows : i32, width : i32, segments : i32,",
  outputShape,
  shaderKey: "gil_segment_sums",
  ...flat(size, [0, 1]),
  getUserCode: () => `
    fn main(index : i32) {
      let row = index / uniforms.width;
      if (row >= uniforms.rows || links[row] >= 0) { return; }
      let segment = ids[row];
      if (segment < 0 || segment >= uniforms.segments) { return; }
      let column = index % uniforms.width;
      var sum = x[index];
      var next = -links[row];
      while (next < uniforms.rows) {
        sum += x[next * uniforms.width + column];
        next = links[next];
      }
      result[segment * uniforms.width + column] = sum;
    }`,
});

/** One thread an element. */
function flat(size: number, x: readonly number[]) {
  return {
    workgroupSize: [64, 1, 1],
    dispatchLayout: { x },
    dispatch: [Math.ceil(size / 64), 1, 1],
  } as const;
}
