/**
 * Shapes as lengths and strides, in as few axes as will do.
 *
 * @module
 */

/** Numbers in a tensor of this shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** How far apart neighbours along each axis lie, in a row-major tensor. */
export function stridesOf(shape: readonly number[]): number[] {
  let stride = 1;
  return shape.toReversed().map((length) => {
    const own = stride;
    stride *= length;
    return own;
  }).reverse();
}

/** The shape that shapes broadcast to. */
export function broadcast(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  const lengths = shapes.map((shape) => filled(shape, rank));
  return Array.from({ length: rank }, (_, axis) => {
    const found = lengths.map((shape) => shape[axis]).filter((length) => length !== 1);
    return found[0] ?? 1;
  });
}

/** Strides of a tensor that is read as if it had that shape: 0 along axes that it repeats along. */
export function repeating(shape: readonly number[], as: readonly number[]): number[] {
  const lengths = filled(shape, as.length), strides = stridesOf(lengths);
  return lengths.map((length, axis) => length === 1 ? 0 : strides[axis]);
}

/** Axes of length 1 before it, up to that many axes. */
const filled = (shape: readonly number[], rank: number): number[] => [
  ...Array.from({ length: rank - shape.length }, () => 1),
  ...shape,
];

/** Lengths of axes, and of each operand how far apart neighbours along them lie. */
export interface Nest {
  readonly lengths: readonly number[];
  readonly strides: readonly (readonly number[])[];
}

/** The same elements in the same order, in as few axes as will do; at least one. */
export function collapsed({ lengths, strides }: Nest): Nest {
  const axes = lengths.map((_, axis) => axis).filter((axis) => lengths[axis] !== 1);
  const merged: { length: number; strides: number[] }[] = [];
  for (const axis of axes) {
    const own = strides.map((each) => each[axis]), before = merged.at(-1);
    const joins = before?.strides.every((stride, i) => stride === own[i] * lengths[axis]);
    if (before && joins) {
      before.length *= lengths[axis];
      before.strides = own;
    } else merged.push({ length: lengths[axis], strides: own });
  }
  if (merged.length === 0) merged.push({ length: 1, strides: strides.map(() => 0) });
  return {
    lengths: merged.map(({ length }) => length),
    strides: strides.map((_, i) => merged.map((axis) => axis.strides[i])),
  };
}

/** A nest as instructions have it: the number of axes, lengths, and the strides of each operand. */
export const wordsOf = ({ lengths, strides }: Nest): number[] => [
  lengths.length,
  ...lengths,
  ...strides.flat(),
];
