/**
 * The locals of the loop over differences, by name: all its parts work on the same ones.
 *
 * @module
 */

/** Parameters: where to read, up to where, where to write, what, and the sum so far. */
export const AT = 0, END = 1, OUT = 2, COUNT = 3, MINIBLOCK = 4, MINIBLOCKS = 5, VALUE = 6;
/** Integers: of the block, then of the miniblock. */
export const RAW = 7, SHIFT = 8, WIDTHS = 9, WIDTHS_END = 10;
export const WIDTH = 11, SIZE = 12, NEXT = 13, STOP = 14, TABLE = 15;
/** Vectors: the sum so far and the least difference in every lane, then eight integers. */
export const CARRY = 16, LEAST = 17, X = 18, LOW = 19, HIGH = 20, ALL = 21;
/** Vectors: which bytes lanes take, and by what they are multiplied. */
export const LANES = 22, FACTORS = 23, LANES2 = 24, FACTORS2 = 25;
