/**
 * Shuffles that fit in a key: the item at a position, and the position of an item, each in O(1).
 *
 * A balanced Feistel network on the smallest even number of bits that covers `size`, walked along
 * its cycle until it lands inside (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002).
 *
 * @module
 */

import { derive, fillBlock, type Key } from "./random.ts";

/** A bijection of `0 … size - 1`. */
export interface Permutation {
  readonly size: number;
  /** The item at `position`. */
  at(position: number): number;
  /** The position of `item`: `positionOf(at(p)) === p`. */
  positionOf(item: number): number;
}

const ROUNDS = 6;

/** The permutation of `0 … size - 1` that `key` names; `size` up to 2³². */
export function permutation(size: number, key: Key): Permutation {
  let half = 1;
  while (2 ** (2 * half) < size) half++;
  const mask = 2 ** half - 1, block = new Uint32Array(2);
  const keys = Array.from({ length: ROUNDS }, (_, round) => derive(key, "feistel", round));

  function mix(round: number, value: number): number {
    fillBlock(block, keys[round], 0, value);
    return block[0] & mask;
  }
  function forward(value: number): number {
    let left = value >>> half, right = value & mask;
    for (let round = 0; round < ROUNDS; round++) {
      const next = left ^ mix(round, right);
      left = right;
      right = next;
    }
    return left * 2 ** half + right;
  }
  function backward(value: number): number {
    let left = value >>> half, right = value & mask;
    for (let round = ROUNDS - 1; round >= 0; round--) {
      const before = right ^ mix(round, left);
      right = left;
      left = before;
    }
    return left * 2 ** half + right;
  }
  function walk(step: (value: number) => number, value: number): number {
    if (!(value >= 0 && value < size)) {
      throw new RangeError(`Cannot permute ${value}: it is not within 0 … ${size - 1}`);
    }
    do value = step(value); while (value >= size);
    return value;
  }
  return {
    size,
    at: (position) => walk(forward, position),
    positionOf: (item) => walk(backward, item),
  };
}
