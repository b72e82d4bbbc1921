/**
 * Arrays in groups: what HDF5 files and zarr folders have in common.
 *
 * @module
 */

/** Numbers as a file holds them; 64-bit integers come as doubles, 16-bit floats as 32-bit ones. */
export type Numbers =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

/** An array in a file. Its readers throw an `InputError` where the file is damaged. */
export interface StoredArray {
  readonly shape: readonly number[];
  /** "others" where nothing but its shape is known: neither reader works. */
  readonly holds: "numbers" | "strings" | "others";
  /** What its numbers stand for, where they are booleans or of an enumeration. */
  readonly names?: ReadonlyMap<number, string>;
  /** Whether numbers beyond 2^53 come rounded: in the file they are 64-bit integers. */
  readonly rounds: boolean;
  /** Rows `from … to - 1` of the first axis, all of the others, row-major; memory that is the caller's. */
  numbers(from: number, to: number): Promise<Numbers>;
  /** Strings `from … to - 1`. */
  strings(from: number, to: number): Promise<string[]>;
}

/** What booleans stand for. */
export const BOOLEANS: ReadonlyMap<number, string> = new Map([[0, "False"], [1, "True"]]);

/** What a part of an array means that was never written: the fill value, or that it was lost. */
export type Gaps = "filled" | "lost";

/** An opened file or folder. Paths within it look like "obs/celltype/codes". */
export interface Stored {
  readonly path: string;
  /** What is at a path: nothing when it is absent or would lead out of the file. */
  kind(at: string): "group" | "array" | "nothing";
  /** Names within a group; none where there is no group. */
  names(at: string): readonly string[];
  /** An attribute's value; undefined when absent. */
  attribute(at: string, name: string): unknown;
  /** The array at a path; throws an `InputError` when it is absent or cannot be decoded. */
  array(at: string, gaps?: Gaps): StoredArray;
}

/** The most bytes that an array's chunk may unpack to: it is read as a whole. */
export const MOST_CHUNK_BYTES = 2 ** 28;

/** 64-bit integers as doubles, exact up to 2^53. Halves are added: a BigInt for each would cost 20 times. */
export function doubles(whole: BigInt64Array | BigUint64Array): Float64Array {
  const { buffer, byteOffset, length } = whole;
  const low = new Uint32Array(buffer, byteOffset, 2 * length);
  const signed = whole instanceof BigInt64Array;
  const high = signed ? new Int32Array(buffer, byteOffset, 2 * length) : low;
  const numbers = new Float64Array(length);
  for (let i = 0; i < length; i++) numbers[i] = high[2 * i + 1] * 2 ** 32 + low[2 * i];
  return numbers;
}
