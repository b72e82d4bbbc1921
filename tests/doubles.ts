/**
 * Composites as plain loops in doubles, with their gradients: what kernels are held against.
 *
 * @module
 */

type Numbers = ArrayLike<number>;

/** What attention reads; see `attention` of the composites. */
export interface Attended {
  /** Queries, keys and values side by side, (cells × length) × 3 widths. */
  readonly projected: Numbers;
  readonly padding: Numbers;
  /** Factors of dropout, cells × heads × length × length. */
  readonly keep: Numbers | undefined;
  readonly cells: number;
  readonly length: number;
  readonly heads: number;
  /** Of a head. */
  readonly width: number;
}

/** The value of attention, and the gradient of Σ value · dy by `projected`. */
export function attend(given: Attended, dy: Numbers) {
  const { cells, length, heads, width, projected } = given, whole = heads * width;
  const value = new Float64Array(cells * length * whole);
  const gradient = new Float64Array(3 * value.length);
  for (let cell = 0; cell < cells; cell++) {
    for (let head = 0; head < heads; head++) {
      const row = (position: number) => cell * length + position;
      const at = (side: number, position: number) =>
        row(position) * 3 * whole + side * whole + head * width;
      const out = (position: number) => row(position) * whole + head * width;
      for (let q = 0; q < length; q++) {
        const weights = weightsOf(given, { cell, at, query: q });
        const kept = (k: number) =>
          given.keep?.[((cell * heads + head) * length + q) * length + k] ?? 1;
        const dWeights = weights.map((weight, k) => {
          let slope = 0;
          for (let j = 0; j < width; j++) {
            value[out(q) + j] += weight * kept(k) * projected[at(2, k) + j];
            gradient[at(2, k) + j] += weight * kept(k) * dy[out(q) + j];
            slope += dy[out(q) + j] * projected[at(2, k) + j];
          }
          return slope * kept(k);
        });
        const mean = weights.reduce((sum, weight, k) => sum + weight * dWeights[k], 0);
        weights.forEach((weight, k) => {
          const dScore = weight * (dWeights[k] - mean) / Math.sqrt(width);
          for (let j = 0; j < width; j++) {
            gradient[at(0, q) + j] += dScore * projected[at(1, k) + j];
            gradient[at(1, k) + j] += dScore * projected[at(0, q) + j];
          }
        });
      }
    }
  }
  return { value, gradient };
}

interface Query {
  readonly cell: number;
  readonly query: number;
  readonly at: (side: number, position: number) => number;
}

/** The weights of all keys; where all are padded, all count alike: a score is nothing beside 1e9. */
function weightsOf(
  { projected, padding, length, width }: Attended,
  { cell, query, at }: Query,
): Float64Array {
  const isPadded = Float64Array.from({ length }, (_, k) => padding[cell * length + k]);
  const alone = isPadded.every((padded) => padded === 1);
  const scores = isPadded.map((padded, k) => {
    let score = 0;
    for (let j = 0; j < width; j++) score += projected[at(0, query) + j] * projected[at(1, k) + j];
    if (padded === 1) {
      return alone ? Math.fround(Math.fround(score / Math.sqrt(width)) - 1e9) : -1e9;
    }
    return score / Math.sqrt(width);
  });
  const most = Math.max(...scores), powers = scores.map((score) => Math.exp(score - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** rows × columns, from rows × depth and depth × columns. */
export function multiply({ a, b, rows, depth, columns }: {
  readonly a: Numbers;
  readonly b: Numbers;
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
}): Float64Array {
  const product = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < depth; k++) {
      for (let j = 0; j < columns; j++) {
        product[i * columns + j] += a[i * depth + k] * b[k * columns + j];
      }
    }
  }
  return product;
}

/** The layer norm of rows, and the gradients of Σ value · dy. */
export function normalise(
  { sum, weight, bias, width }: {
    readonly sum: Numbers;
    readonly weight: Numbers;
    readonly bias: Numbers;
    readonly width: number;
  },
  dy: Numbers,
) {
  const value = new Float64Array(sum.length), dSum = new Float64Array(sum.length);
  const dWeight = new Float64Array(width), dBias = new Float64Array(width);
  for (let from = 0; from < sum.length; from += width) {
    const row = Float64Array.from({ length: width }, (_, j) => sum[from + j]);
    const mean = row.reduce((a, b) => a + b, 0) / width;
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / width;
    const normal = row.map((x) => (x - mean) / Math.sqrt(variance + 1e-5));
    const slopes = normal.map((_, j) => dy[from + j] * weight[j]);
    const level = slopes.reduce((a, b) => a + b, 0) / width;
    const along = slopes.reduce((a, b, j) => a + b * normal[j], 0) / width;
    for (let j = 0; j < width; j++) {
      value[from + j] = normal[j] * weight[j] + bias[j];
      dWeight[j] += dy[from + j] * normal[j];
      dBias[j] += dy[from + j];
      dSum[from + j] = (slopes[j] - level - normal[j] * along) / Math.sqrt(variance + 1e-5);
    }
  }
  return { value, dSum, dWeight, dBias };
}
