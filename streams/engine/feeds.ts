/**
 * What is fed to a program, checked at the edge.
 *
 * @module
 */

import type { Arrays, Program, TensorSpec } from "../../core/model/program.ts";

/** Elements of a tensor of this shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/**
 * The array that is fed for one input.
 *
 * @throws RangeError when it is missing or of another length or element type.
 */
export function feedOf(
  program: Program,
  feeds: Arrays,
  name: string,
): Float32Array | Int32Array {
  const spec: TensorSpec = program.inputs[name], fed = feeds[name];
  const size = sizeOf(spec.shape);
  const dtype = fed instanceof Float32Array ? "float32" : "int32";
  if (fed && fed.length === size && dtype === spec.dtype) return fed;
  throw new RangeError(
    `Cannot feed "${name}" to program "${program.name}": ` +
      (fed
        ? `${fed.length} × ${dtype} given, ${size} × ${spec.dtype} expected`
        : "nothing is given for it"),
  );
}
