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

/** The numbers that `bytes` hold: a view where type and memory allow it, else a copy. */
export function plainNumbers(bytes: Uint8Array, leaf: Leaf, count: number): Stored {
  const size = sizeOf(leaf), length = Math.ceil(count * size);
  if (bytes.length < length) {
    throw new RangeError(`${count} values need ${length} bytes and have ${bytes.length}`);
  }
  if (leaf.type === "BOOLEAN") {
    return Uint8Array.from({ length: count }, (_, i) => (bytes[i >> 3] >> (i & 7)) & 1);
  }
  if (leaf.type === "INT64") return longNumbers(viewOf(bytes), leaf, count);
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice(0, length);
  const { buffer, byteOffset } = aligned;
  if (leaf.type === "DOUBLE") return new Float64Array(buffer, byteOffset, count);
  if (leaf.type === "FLOAT") return new Float32Array(buffer, byteOffset, count);
  return leaf.unsigned
    ? new Uint32Array(buffer, byteOffset, count)
    : new Int32Array(buffer, byteOffset, count);
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
  out.set(numbers);
  const exact = out instanceof Float64Array || out instanceof Float32Array ||
    (out instanceof Uint32Array && numbers instanceof Uint32Array);
  if (exact) return;
  for (let i = 0; i < numbers.length; i++) {
    if (out[i] !== numbers[i]) {
      throw new RangeError(`the value ${numbers[i]} is not an integer from 0 to ${largest(out)}`);
    }
  }
}

const largest = (out: Numbers): number => 256 ** out.BYTES_PER_ELEMENT - 1;

/** Bytes of a value. */
function sizeOf({ type }: Leaf): number {
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
