/**
 * Files of named arrays in the safetensors format, version 1: the length of a JSON header in eight
 * bytes, the header, the arrays end to end, all little-endian
 * (github.com/huggingface/safetensors).
 *
 * @module
 */

import { InputError } from "../errors.ts";

/** An array of a file, row-major. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly values: InstanceType<typeof ARRAYS[keyof typeof ARRAYS]>;
}

/** What a file holds. */
export interface TensorFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Whatever words its author added. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Element types by the format's words; half-precision and boolean arrays are not read. */
const ARRAYS = {
  F64: Float64Array,
  F32: Float32Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U64: BigUint64Array,
  U32: Uint32Array,
  U16: Uint16Array,
  U8: Uint8Array,
} as const;

/** Why a weight is refused that holds other numbers; whole numbers may be of use to somebody else. */
export const NOT_FLOAT32 = "it is not float32 (F32); save it as float32";

/** The format's own limit on the header, in bytes. */
const LONGEST_HEADER = 100_000_000;

/** The bytes of a file; the same content gives the same bytes, whatever the order of the names. */
export function encodeTensors({ tensors, metadata }: TensorFile): Uint8Array {
  const sorted = [...tensors].sort(([nameA, a], [nameB, b]) =>
    // Wide elements first: then every array begins at a multiple of its element's size.
    b.values.BYTES_PER_ELEMENT - a.values.BYTES_PER_ELEMENT || (nameA < nameB ? -1 : 1)
  );
  let size = 0;
  const entries = sorted.map(([name, { shape, values }]) => {
    const data_offsets = [size, size += values.byteLength];
    return [name, { dtype: wordOf(values), shape, data_offsets }] as const;
  });
  const words = Object.keys(metadata).length > 0 ? [["__metadata__", metadata] as const] : [];
  const header = new TextEncoder().encode(
    JSON.stringify(Object.fromEntries([...words, ...entries])),
  );
  const start = 8 + Math.ceil(header.length / 8) * 8;

  const bytes = new Uint8Array(start + size);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.fill(0x20, 8, start); // the header is padded with spaces
  bytes.set(header, 8);
  entries.forEach(([, { data_offsets }], i) => {
    const { buffer, byteOffset, byteLength } = sorted[i][1].values;
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), start + data_offsets[0]);
  });
  return bytes;
}

/**
 * The content of a file, in arrays of its own.
 *
 * @param file Name of the file, for messages.
 * @throws InputError unless all is as the format demands: every byte belongs to exactly one array.
 */
export function decodeTensors(bytes: Uint8Array, file: string): TensorFile {
  const refuse = (why: string) =>
    new InputError({ message: `Cannot read weights "${file}": ${why}` });
  const { header, start } = readHeader(bytes, refuse);
  const { __metadata__: metadata = {}, ...entries } = header;
  if (!isRecord(metadata) || !Object.values(metadata).every((word) => typeof word === "string")) {
    throw refuse("its metadata are not words");
  }
  const places = Object.entries(entries)
    .map(([name, entry]) => readPlace(name, entry, refuse))
    .sort((a, b) => a.from - b.from || a.to - b.to);

  let end = 0;
  for (const { name, from, to } of places) {
    if (from !== end) throw refuse(`array "${name}" begins at byte ${from} instead of ${end}`);
    end = to;
  }
  if (start + end !== bytes.length) {
    throw refuse(`it has ${bytes.length} bytes instead of ${start + end}; was it cut off?`);
  }
  const tensors = new Map(places.map(({ name, shape, array, from, to }) => {
    // A copy: Node's Buffer is a Uint8Array too, but its slice is a view.
    const values = new array(new Uint8Array(bytes.subarray(start + from, start + to)).buffer);
    return [name, { shape, values }];
  }));
  return { tensors, metadata: metadata as Record<string, string> };
}

type Refuse = (why: string) => InputError;

interface Place {
  readonly name: string;
  readonly shape: readonly number[];
  readonly array: typeof ARRAYS[keyof typeof ARRAYS];
  readonly from: number;
  readonly to: number;
}

function readHeader(bytes: Uint8Array, refuse: Refuse) {
  if (bytes.length < 8) {
    throw refuse(`it has ${bytes.length} bytes, too few for a safetensors file`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true)), start = 8 + length;
  if (length > LONGEST_HEADER || start > bytes.length) {
    throw refuse(`its header would have ${length} bytes; it is cut off or no safetensors file`);
  }
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, start)));
  } catch {
    throw refuse("its header is not JSON");
  }
  if (!isRecord(header)) throw refuse("its header is not a JSON object");
  return { header, start };
}

function readPlace(name: string, entry: unknown, refuse: Refuse): Place {
  if (!isRecord(entry)) throw refuse(`array "${name}" has no description`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string" || !Object.hasOwn(ARRAYS, dtype)) {
    throw refuse(`array "${name}" holds ${dtype}, which is not read; save it as float32 (F32)`);
  }
  if (!isSizes(shape)) throw refuse(`array "${name}" has no valid shape`);
  if (!isSizes(offsets) || offsets.length !== 2) throw refuse(`array "${name}" has no valid place`);
  const array = ARRAYS[dtype as keyof typeof ARRAYS], [from, to] = offsets;
  const size = shape.reduce((a, b) => a * b, array.BYTES_PER_ELEMENT);
  if (to - from !== size) {
    throw refuse(`array "${name}" lies in ${to - from} bytes but its shape needs ${size}`);
  }
  return { name, shape, array, from, to };
}

const isRecord = (x: unknown): x is Record<string, unknown> =>
  typeof x === "object" && x !== null && !Array.isArray(x);

const isSizes = (x: unknown): x is number[] =>
  Array.isArray(x) && x.every((n) => Number.isSafeInteger(n) && n >= 0);

function wordOf(values: StoredTensor["values"]): string {
  const found = Object.entries(ARRAYS).find(([, array]) => values instanceof array);
  if (!found) throw new TypeError("Cannot store an array of an unknown element type");
  return found[0];
}
