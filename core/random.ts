/**
 * Counter-based randomness: every number is a function of (key, counter), so any position of any
 * stream can be recomputed without the ones before it.
 *
 * The generator is Threefry-2x32 with 13 rounds, the fewest that pass BigCrush
 * (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 *
 * @example Derive a stream for a purpose
 * ```ts
 * import { derive, keyOf, stream } from "gil";
 *
 * const mask = derive(keyOf(1), "mask", 3);
 * const random = stream(mask);
 * random.at(42); // go to the numbers of cell 42
 * console.assert(random.uniform() < 1);
 * ```
 *
 * @module
 */

/** Names one random stream. Frozen; make others from it with `derive`. */
export type Key = readonly [number, number];

/** A place in a stream of random numbers. */
export interface Random {
  /** Goes to the first number of `position`, which has 2³² numbers of its own. */
  at(position: number): void;
  /** The next 32 random bits, as an unsigned integer. */
  bits(): number;
  /** The next number in [0, 1), on a grid of 2⁻³². */
  uniform(): number;
  /** The next integer in [0, `n`), without bias. */
  below(n: number): number;
  /** The next number of the exponential distribution with mean 1; never zero. */
  exponential(): number;
  /** Fills `out` with what as many calls of `uniform` would give: several times as fast. */
  fillUniforms(out: Float64Array): void;
  /** The same of `exponential`. */
  fillExponentials(out: Float64Array): void;
  /** The next number of the standard normal distribution (Box–Muller). */
  normal(): number;
}

const PARITY = 0x1BD11BDA;
/**
 * Fills `out[0]`, `out[1]` with the 64 random bits at (key, counter).
 *
 * The rounds are written out: masks of a million positions are drawn for every step, and a loop over
 * a table of rotations takes three times as long.
 */
export function fillBlock(out: Uint32Array, key: Key, high: number, low: number): void {
  const k0 = key[0] | 0, k1 = key[1] | 0, k2 = PARITY ^ k0 ^ k1;
  let x = (high + k0) | 0, y = (low + k1) | 0;
  x = (x + y) | 0, y = ((y << 13) | (y >>> 19)) ^ x;
  x = (x + y) | 0, y = ((y << 15) | (y >>> 17)) ^ x;
  x = (x + y) | 0, y = ((y << 26) | (y >>> 6)) ^ x;
  x = (x + y) | 0, y = ((y << 6) | (y >>> 26)) ^ x;
  x = (x + k1) | 0, y = (y + k2 + 1) | 0;
  x = (x + y) | 0, y = ((y << 17) | (y >>> 15)) ^ x;
  x = (x + y) | 0, y = ((y << 29) | (y >>> 3)) ^ x;
  x = (x + y) | 0, y = ((y << 16) | (y >>> 16)) ^ x;
  x = (x + y) | 0, y = ((y << 24) | (y >>> 8)) ^ x;
  x = (x + k2) | 0, y = (y + k0 + 2) | 0;
  x = (x + y) | 0, y = ((y << 13) | (y >>> 19)) ^ x;
  x = (x + y) | 0, y = ((y << 15) | (y >>> 17)) ^ x;
  x = (x + y) | 0, y = ((y << 26) | (y >>> 6)) ^ x;
  x = (x + y) | 0, y = ((y << 6) | (y >>> 26)) ^ x;
  x = (x + k0) | 0, y = (y + k1 + 3) | 0;
  x = (x + y) | 0, y = ((y << 17) | (y >>> 15)) ^ x;
  out[0] = x;
  out[1] = y;
}

/** The key of a seed, an integer of up to 53 bits. */
export function keyOf(seed: number): Key {
  return derive([seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0]);
}

/** The key of a purpose within `key`: words and integers, in order. */
export function derive(key: Key, ...purpose: readonly (string | number)[]): Key {
  const block = new Uint32Array(2);
  let next = key;
  for (const part of [purpose.length, ...purpose]) {
    if (typeof part === "string") fillBlock(block, next, 0x9E3779B9, fnv1a(part));
    else fillBlock(block, next, Math.floor(part / 2 ** 32), part);
    next = [block[0], block[1]];
  }
  return next;
}

/** A generator standing at position 0 of the stream that `key` names. */
export function stream(key: Key): Random {
  const block = new Uint32Array(2);
  let position = 0, counter = 0;

  function bits(): number {
    const odd = counter & 1;
    if (odd === 0) fillBlock(block, key, position, counter >>> 1);
    counter++;
    return block[odd];
  }
  const uniform = () => bits() / 2 ** 32;
  function fillUniforms(out: Float64Array): void {
    let i = 0;
    if ((counter & 1) === 1 && out.length > 0) out[i++] = uniform();
    // Whole blocks: nothing in one waits for the one before it.
    for (; i + 1 < out.length; i += 2, counter += 2) {
      fillBlock(block, key, position, counter >>> 1);
      out[i] = block[0] / 2 ** 32;
      out[i + 1] = block[1] / 2 ** 32;
    }
    if (i < out.length) out[i] = uniform();
  }

  return {
    at(next) {
      position = next;
      counter = 0;
    },
    bits,
    uniform,
    below(n) {
      // Lemire's rejection, in doubles: drop the draws past the last whole multiple of n.
      const limit = 2 ** 32 - (2 ** 32 % n);
      let draw = bits();
      while (draw >= limit) draw = bits();
      return draw % n;
    },
    exponential: () => exponentialOf(uniform()),
    fillUniforms,
    fillExponentials(out) {
      fillUniforms(out);
      for (let i = 0; i < out.length; i++) out[i] = exponentialOf(out[i]);
    },
    normal: () =>
      Math.sqrt(-2 * Math.log((bits() + 0.5) / 2 ** 32)) * Math.cos(2 * Math.PI * uniform()),
  };
}

/** By inversion, in the middle of the step of the grid that `uniform` is the beginning of. */
const exponentialOf = (uniform: number): number => -Math.log(uniform + 2 ** -33);

/** Dropout's rate as it is drawn: `rate` on a grid of 1/256. */
export const drawnRate = (rate: number): number => Math.round(rate * 256) / 256;

/** Which values dropout drops. */
export interface Drops {
  /** Of all values; drawn as `drawnRate` says. */
  readonly rate: number;
  readonly key: Key;
  /** The number of the first value among all that the key draws; 0 unless given. */
  readonly from?: number;
}

/**
 * Fills `keep` with 1 (kept) and 0 (dropped with probability `drawnRate(rate)`), byte by byte from the
 * stream's bits. Four bytes are compared at once within a word: setting each high bit keeps the
 * subtraction from borrowing beyond its byte (Lamport, "Multiple byte processing", 1975).
 */
export function fillKeep(keep: Uint8Array, { rate, key, from = 0 }: Drops): void {
  const skip = from % 8, first = (from - skip) / 8;
  if (skip > 0) {
    const whole = new Uint8Array(skip + keep.length);
    fillKeep(whole, { rate, key, from: from - skip });
    return void keep.set(whole.subarray(skip));
  }
  const limit = Math.round(rate * 256), low = Math.imul(limit & 127, 0x01010101);
  const block = new Uint32Array(2), four = new Uint32Array(1), bytes = new Uint8Array(four.buffer);
  const aligned = keep.byteOffset % 4 === 0 ? keep.length >>> 2 : 0;
  const words = new Uint32Array(
    aligned > 0 ? keep.buffer : four.buffer,
    aligned && keep.byteOffset,
    aligned,
  );

  for (let w = 0; 4 * w < keep.length; w++) {
    if ((w & 1) === 0) fillBlock(block, key, 0, first + (w >>> 1));
    const word = block[w & 1], atLeastLow = (word | 0x80808080) - low;
    const kept = limit < 128 ? word | atLeastLow : limit < 256 ? word & atLeastLow : 0;
    const flags = (kept >>> 7) & 0x01010101;
    if (w < aligned) words[w] = flags;
    else {
      four[0] = flags;
      keep.set(bytes.subarray(0, Math.min(4, keep.length - 4 * w)), 4 * w);
    }
  }
}

/** FNV-1a over UTF-16 code units: words to 32 bits. */
function fnv1a(text: string): number {
  let hash = 0x811C9DC5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}
