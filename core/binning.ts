/**
 * A cell's values as the numbers of equally full bins, so that only their order within the cell
 * matters.
 *
 * @module
 */

/**
 * Fills equally spaced quantiles, from the smallest value to the largest, interpolated linearly.
 *
 * @param sorted Values in ascending order, at least one.
 */
export function fillQuantiles(out: Float64Array, sorted: ArrayLike<number>): void {
  const steps = out.length - 1;
  for (let i = 0; i < out.length; i++) {
    const place = steps === 0 ? 0 : i * (sorted.length - 1) / steps;
    const low = Math.floor(place), high = Math.min(low + 1, sorted.length - 1);
    out[i] = sorted[low] + (sorted[high] - sorted[low]) * (place - low);
  }
}

/**
 * The bin of a value between ascending edges: 0 … edges - 1. A value that equals several edges, as
 * happens when many values tie, falls into one of the bins between them, chosen by `draw`.
 *
 * The benchmark's numbering; scGPT's is one higher. `left - 1 + ceil(draw · (right - left))`, where
 * left and right count the edges below the value, and below or equal to it.
 *
 * @param draw A number in (0, 1]; 0, which the reference allows, can fall one bin short.
 */
export function binOf(value: number, edges: Float64Array, draw: number): number {
  const left = countBelow(edges, value);
  let right = left;
  while (right < edges.length && edges[right] === value) right++;
  return left - 1 + Math.ceil(draw * (right - left));
}

/** How many of the ascending edges lie below a value; binary search. */
function countBelow(edges: Float64Array, value: number): number {
  let low = 0, high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edges[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
