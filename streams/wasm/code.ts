/**
 * Code of WebAssembly as expressions: a function takes the code of its operands and returns its own.
 *
 * Opcodes are those of the WebAssembly core specification 2.0, section 5.4. Just enough of them for
 * loops over vectors of 128 bits.
 *
 * @module
 */

import { signed, unsigned } from "./leb128.ts";

/** Bytes of code, nested as the expressions are. */
export type Code = number | readonly Code[];

/** Types of parameters, locals and results. */
export const I32 = 0x7f, V128 = 0x7b;

/** The value of a parameter or local. */
export const get = (local: number): Code => [0x20, local];
/** Gives a local a value. */
export const set = (local: number, value: Code): Code => [value, 0x21, local];
/** An integer. */
export const constant = (value: number): Code => [0x41, signed(value)];
/** Sum of two integers. */
export const add = (a: Code, b: Code): Code => [a, b, 0x6a];
/** Difference of two integers. */
export const subtract = (a: Code, b: Code): Code => [a, b, 0x6b];
/** Product of two integers. */
export const multiply = (a: Code, b: Code): Code => [a, b, 0x6c];
/** Bitwise and of two integers. */
export const and = (a: Code, b: Code): Code => [a, b, 0x71];
/** Bitwise or of two integers. */
export const or = (a: Code, b: Code): Code => [a, b, 0x72];
/** Exclusive or of two integers. */
export const xor = (a: Code, b: Code): Code => [a, b, 0x73];
/** An integer moved left by `b` modulo 32 bits. */
export const left = (a: Code, b: Code): Code => [a, b, 0x74];
/** An integer moved right by `b` modulo 32 bits; zeros come in. */
export const right = (a: Code, b: Code): Code => [a, b, 0x76];
/** 1 where `a` is less than `b`, both unsigned. */
export const less = (a: Code, b: Code): Code => [a, b, 0x49];
/** `a` where `condition` is not 0, else `b`. */
export const choose = (condition: Code, a: Code, b: Code): Code => [a, b, condition, 0x1b];
/** The byte at an address. */
export const byteAt = (address: Code): Code => [address, 0x2d, 0, 0];
/** Does `body`, and again for as long as `condition` is not 0. */
export const repeat = (body: Code, condition: Code): Code => [
  [0x03, 0x40],
  [body, condition, 0x0d, 0],
  0x0b,
];
/** Does `body` where `condition` is not 0, else `other`. */
export const when = (condition: Code, body: Code, other: Code = []): Code => [
  [condition, 0x04, 0x40],
  [body, 0x05, other],
  0x0b,
];
/** Ends the function with a result. */
export const give = (value: Code): Code => [value, 0x0f];

/** Four times the same integer. */
export const everyWord = (value: Code): Code => [value, vector(0x11)];
/** Eight times the lowest half of the same integer. */
export const everyHalf = (value: Code): Code => [value, vector(0x10)];
/** Sixteen times the same byte. */
export const everyByte = (value: Code): Code => [value, vector(0x0f)];
/** Sixteen bytes. */
export const bytes = (...values: readonly number[]): Code => [vector(0x0c), values];
/** Sums of words. */
export const addWords = (a: Code, b: Code): Code => [a, b, vector(0xae)];
/** Sums of half words. */
export const addHalves = (a: Code, b: Code): Code => [a, b, vector(0x8e)];
/** Differences of words. */
export const subtractWords = (a: Code, b: Code): Code => [a, b, vector(0xb1)];
/** All bits of each half of 16 bits that is not above its partner, both unsigned. */
export const notAboveHalves = (a: Code, b: Code): Code => [a, b, vector(0x34)];
/** Products of words. */
export const multiplyWords = (a: Code, b: Code): Code => [a, b, vector(0xb5)];
/** Products of half words. */
export const multiplyHalves = (a: Code, b: Code): Code => [a, b, vector(0x95)];
/** Words moved left by that many bits. */
export const moveLeft = (a: Code, bits: number): Code => [a, constant(bits), vector(0xab)];
/** Words moved right by that many bits; zeros come in. */
export const moveRight = (a: Code, bits: number): Code => moveRightBy(a, constant(bits));
/** Words moved right by that many bits modulo 32; zeros come in. */
export const moveRightBy = (a: Code, bits: Code): Code => [a, bits, vector(0xad)];
/** Half words moved right by that many bits modulo 16; zeros come in. */
export const moveHalvesRightBy = (a: Code, bits: Code): Code => [a, bits, vector(0x8d)];
/** The lower four half words as words. */
export const lowerHalves = (a: Code): Code => [a, vector(0xa9)];
/** The upper four half words as words. */
export const upperHalves = (a: Code): Code => [a, vector(0xaa)];
/** Signed words as floats. */
export const floatsOfSigned = (a: Code): Code => [a, vector(0xfa)];
/** Unsigned words as floats. */
export const floatsOfUnsigned = (a: Code): Code => [a, vector(0xfb)];
/** Floats without what comes behind their point. */
export const wholeFloats = (a: Code): Code => [a, vector(0x69)];
/** All bits of each float that is not its partner. */
export const otherFloats = (a: Code, b: Code): Code => [a, b, vector(0x42)];
/** Bitwise and. */
export const andBits = (a: Code, b: Code): Code => [a, b, vector(0x4e)];
/** Bitwise or. */
export const orBits = (a: Code, b: Code): Code => [a, b, vector(0x50)];
/** Bitwise exclusive or. */
export const xorBits = (a: Code, b: Code): Code => [a, b, vector(0x51)];
/** 1 where any bit is set. */
export const anyBit = (a: Code): Code => [a, vector(0x53)];
/** Differences of unsigned bytes, 0 instead of less. */
export const subtractBytes = (a: Code, b: Code): Code => [a, b, vector(0x73)];
/** The smaller of each two unsigned bytes. */
export const smallerBytes = (a: Code, b: Code): Code => [a, b, vector(0x77)];
/** Bytes of the two operands in the order of `lanes`: 0 to 15 name those of `a`, 16 to 31 of `b`. */
export const shuffle = (a: Code, b: Code, lanes: readonly number[]): Code => [
  [a, b],
  [vector(0x0d), lanes],
];
/** Bytes of `a` in the order of those of `b`; 0 for those past 15. */
export const pick = (a: Code, b: Code): Code => [a, b, vector(0x0e)];
/** The vector that lies in memory `offset` bytes behind an address. */
export const load = (address: Code, offset: number): Code => [
  address,
  [vector(0x00), 0, unsigned(offset)],
];
/** Writes a vector to memory, `offset` bytes behind an address. */
export const store = (address: Code, value: Code, offset: number): Code => [
  [address, value],
  [vector(0x0b), 0, unsigned(offset)],
];
/** Writes an integer to memory, `offset` bytes behind an address. */
export const storeWord = (address: Code, value: Code, offset: number): Code => [
  [address, value],
  [0x36, 0, unsigned(offset)],
];
/**
 * The integer whose bits begin `shift` bits (0 to 31) behind an address: read as one of 64 bits, moved
 * right, and its lower half taken.
 */
export const wordAt = (address: Code, shift: Code): Code => [
  [address, 0x29, 0, 0],
  [shift, 0xad],
  [0x88, 0xa7],
];

const vector = (opcode: number): Code => [0xfd, unsigned(opcode)];
