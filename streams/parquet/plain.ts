/**
 * PLAIN and BYTE_STREAM_SPLIT values, and their way into arrays of other types.
 *
 * @module
 */

import type { Leaf } from "./leaf.ts";
import { viewOf } from "./pages.ts";

/** Arrays that decoding fills. */
export type Numbers = Uint16Array | Uint32Array | Float32Array | Float64Array;

/** Numbers as they are stored. */
export type Stored = Int32Array | Uint32Array | Float32Array | Float64Array | Uint8Array;

// Decoding is synchronous and never nested, so one buffer serves all copies.
let aligned = new ArrayBuffer(2 ** 16);

/**
 * The numbers that `bytes` hold: a view where type and memory allow it, else a copy, which may be
 * overwritten by the next call.
 */
export function plainNumbers(bytes: Uint8Array, leaf: Leaf, count: number): Stored {
  const size = sizeOf(leaf), length = Math.ceil(count * size);
  if (bytes.length < length) {
    throw new RangeError(`${count} values need ${length} bytes and have ${bytes.length}`);
  }
  if (leaf.type === "BOOLEAN") {
    return Uint8Array.from({ length: count }, (_, i) => (bytes[i >> 3] >> (i & 7)) & 1);
  }
  if (leaf.type === "INT64") return longNumbers(viewOf(bytes), leaf, count);
  const { buffer, byteOffset } = bytes.byteOffset % size === 0 ? bytes : alignedCopy(bytes, length);
  if (leaf.type === "DOUBLE") return new Float64Array(buffer, byteOffset, count);
  if (leaf.type === "FLOAT") return new Float32Array(buffer, byteOffset, count);
  return leaf.unsigned
    ? new Uint32Array(buffer, byteOffset, count)
    : new Int32Array(buffer, byteOffset, count);
}

function alignedCopy(bytes: Uint8Array, length: number): Uint8Array {
  if (aligned.byteLength < length) {
    aligned.transfer(0);
    aligned = new ArrayBuffer(length);
  }
  const copy = new Uint8Array(aligned, 0, length);
  copy.set(bytes.subarray(0, length));
  return copy;
}

/** The numbers whose first bytes stand together, then their second bytes, and so on. */
export function splitNumbers(bytes: Uint8Array, leaf: Leaf, count: number): Stored {
  const size = sizeOf(leaf);
  if (size < 4) throw new RangeError(`values of type ${leaf.type} cannot be split into bytes`);
  if (bytes.length < count * size) {
    throw new RangeError(`${count} values need ${count * size} bytes and have ${bytes.length}`);
  }
  const joined = new Uint8Array(count * size);
  for (let stream = 0; stream < size; stream++) {
    for (let i = 0, from = stream * count; i < count; i++) {
      joined[i * size + stream] = bytes[from + i];
    }
  }
  return plainNumbers(joined, leaf, count);
}

/** Copies numbers into an array of another type; throws where it is one of integers and they are none. */
export function moveInto(out: Numbers, numbers: Stored): void {
  const exact = out instanceof Float64Array || out instanceof Float32Array ||
    (out instanceof Uint32Array && numbers instanceof Uint32Array);
  if (exact) return out.set(numbers);
  const kinds = `${out.constructor.name} ${numbers.constructor.name}`;
  let move = moves.get(kinds);
  if (!move) moves.set(kinds, move = compile(out));
  if (move(out, numbers)) return;
  for (let i = 0; i < numbers.length; i++) {
    if (out[i] !== numbers[i]) {
      throw new RangeError(`the value ${numbers[i]} is not an integer from 0 to ${largest(out)}`);
    }
  }
}

/** Copies numbers; says whether each is the integer that it became. */
type Move = (out: Numbers, numbers: Stored) => boolean;

const moves = new Map<string, Move>();

/** A loop for arrays of two types alone: one that has met more types is several times slower. */
function compile(out: Numbers): Move {
  const integer = out instanceof Uint16Array ? "number & 0xFFFF" : "number >>> 0";
  return new Function(
    "out",
    "numbers",
    `let odd = 0;
for (let i = 0; i < numbers.length; i++) {
  const number = numbers[i], integer = ${integer};
  out[i] = integer;
  odd |= integer === number ? 0 : 1;
}
return odd === 0;`,
  ) as Move;
}

const largest = (out: Numbers): number => 256 ** out.BYTES_PER_ELEMENT - 1;

/** Bytes of a value. */
export function sizeOf({ type }: Leaf): number {
  if (type === "INT32" || type === "FLOAT") return 4;
  if (type === "INT64" || type === "DOUBLE") return 8;
  if (type === "BOOLEAN") return 1 / 8;
  throw new RangeError(`values of type ${type} are not numbers`);
}

/** Integers of 64 bits, refused where no number is exactly what they are. */
function longNumbers(view: DataView, { unsigned }: Leaf, count: number): Float64Array {
  const numbers = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const high = unsigned ? view.getUint32(8 * i + 4, true) : view.getInt32(8 * i + 4, true);
    const value = high * 2 ** 32 + view.getUint32(8 * i, true);
    if (!Number.isSafeInteger(value)) throw new RangeError("an integer is past 2^53");
    numbers[i] = value;
  }
  return numbers;
}
