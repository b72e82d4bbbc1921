/**
 * How mixed the cells of a batch are.
 *
 * @module
 */

/** Shannon entropy of labels, in bits. */
export function entropyOf(labels: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= plogp(count / labels.length);
  return bits;
}

/**
 * What the entropy of `size` cells is on average when they are drawn at random from cells of which
 * there are so many of each label: exact where cells are put back.
 */
export function entropyAtRandom(counts: readonly number[], size: number): number {
  const all = counts.reduce((a, b) => a + b, 0);
  let bits = 0;
  for (const count of counts) {
    const p = count / all;
    if (p === 0 || p === 1) continue;
    // Logarithm of the chance of 0, 1, … cells of this label among `size`, each from the one before.
    let chance = size * Math.log1p(-p);
    for (let k = 0; k < size; k++) {
      chance += Math.log((size - k) / (k + 1) * p / (1 - p));
      bits -= Math.exp(chance) * plogp((k + 1) / size);
    }
  }
  return bits;
}

const plogp = (p: number): number => p > 0 ? p * Math.log2(p) : 0;
