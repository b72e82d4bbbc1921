/**
 * What the metadata of a zarr array says, checked before a byte of it is read.
 *
 * @module
 */

import { BOOLEANS, MOST_CHUNK_BYTES, type StoredArray } from "../stored.ts";

/** What must be known of an array. */
export interface ArrayMetadata extends Pick<StoredArray, "holds" | "names" | "rounds"> {
  readonly shape: readonly number[];
  /** Shape of the pieces that are unpacked at once: in a shard, its inner chunks. */
  readonly chunks: readonly number[];
  /** Bytes of a value; of a text, those of a reference to it. */
  readonly width: number;
}

/** Bytes of a number by the name of its type in version 3. */
const WIDTHS: Readonly<Record<string, number>> = {
  bool: 1,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  float16: 2,
  int32: 4,
  uint32: 4,
  float32: 4,
  int64: 8,
  uint64: 8,
  float64: 8,
};

/** Bytes of a value of a type, as the library calls it; undefined for texts of any length. */
export function widthOf(type: string): number | undefined {
  const fixed = /^v2:([US])(\d+)$/.exec(type);
  if (fixed !== null) return (fixed[1] === "U" ? 4 : 1) * Number(fixed[2]);
  return WIDTHS[type];
}

/** Reads the metadata of an array of either version; throws a `RangeError` that says what is wrong. */
export function arrayMetadata(document: unknown, version: 2 | 3): ArrayMetadata {
  const read = version === 2 ? ofVersion2(document) : ofVersion3(document);
  const { shape, chunks, width } = read;
  if (chunks.length !== shape.length || chunks.some((length) => length === 0)) {
    throw new RangeError(`chunks of ${chunks.join(" × ")} do not divide ${shape.join(" × ")}`);
  }
  if (bytesIn(chunks, width) > MOST_CHUNK_BYTES) {
    throw new RangeError(
      `a chunk of ${
        chunks.join(" × ")
      } values is too large; write the store again in smaller chunks`,
    );
  }
  return read;
}

const bytesIn = (lengths: readonly number[], width: number): number =>
  lengths.reduce((product, length) => product * length, width);

function ofVersion2(document: unknown): ArrayMetadata {
  const { shape, chunks, dtype } = record(document);
  const type = typeof dtype === "string" ? dtype : "";
  return { shape: lengths(shape, "shape"), chunks: lengths(chunks, "chunks"), ...typeOf2(type) };
}

/** What is known of an array by the type of its values. */
type ValueType = Pick<ArrayMetadata, "holds" | "names" | "rounds" | "width">;

const TEXTS: ValueType = { holds: "strings", width: 8, rounds: false };

const LETTERS: Readonly<Record<string, string>> = { b: "bool", i: "int", u: "uint", f: "float" };

/** A type in NumPy's notation, such as "<f4", "|b1", "<U7" or "|O". */
function typeOf2(type: string): ValueType {
  if (type === "|O") return TEXTS;
  const [, letter = "", size = ""] = /^[<>|]([biufSU])(\d+)$/.exec(type) ?? [];
  if (letter === "S" || letter === "U") {
    return { ...TEXTS, width: widthOf(`v2:${letter}${size}`)! };
  }
  return typeOf3(letter === "b" ? "bool" : `${LETTERS[letter]}${8 * Number(size)}`);
}

function typeOf3(type: unknown): ValueType {
  if (type === "string") return TEXTS;
  const width = typeof type === "string" ? WIDTHS[type] : undefined;
  if (width === undefined) return { holds: "others", width: 0, rounds: false };
  const rounds = type === "int64" || type === "uint64";
  return { holds: "numbers", width, rounds, ...(type === "bool" && { names: BOOLEANS }) };
}

function ofVersion3(document: unknown): ArrayMetadata {
  const { shape, data_type, chunk_grid, codecs } = record(document);
  const { name, configuration } = record(chunk_grid);
  if (name !== "regular") throw new RangeError(`its chunk grid is "${name}", not "regular"`);
  const outer = lengths(record(configuration).chunk_shape, "chunk_shape");
  const type = typeOf3(data_type);
  return {
    shape: lengths(shape, "shape"),
    chunks: innerChunks(Array.isArray(codecs) ? codecs.map(record) : [], outer),
    ...type,
  };
}

/** The chunks within shards of a shape; the shape itself where there are no shards. */
function innerChunks(codecs: readonly Fields[], outer: readonly number[]): readonly number[] {
  const sharding = codecs.find(({ name }) => name === "sharding_indexed");
  if (sharding === undefined) return outer;
  const { chunk_shape, index_location } = record(sharding.configuration);
  if (codecs.length > 1 || (index_location ?? "end") !== "end") {
    throw new RangeError("its shards are packed once more, or have their index at the start");
  }
  const inner = lengths(chunk_shape, "chunk_shape");
  const fits = inner.length === outer.length &&
    outer.every((length, i) => length % inner[i] === 0);
  const each = bytesIn(outer.map((length, i) => length / inner[i]), 16);
  if (!fits || each > MOST_CHUNK_BYTES) {
    throw new RangeError(`shards of ${outer.join(" × ")} do not hold ${inner.join(" × ")}`);
  }
  return inner;
}

type Fields = Readonly<Record<string, unknown>>;

/** An object's fields; of anything else, none. */
export const record = (value: unknown): Fields =>
  typeof value === "object" && value !== null ? value as Fields : {};

function lengths(value: unknown, name: string): readonly number[] {
  const sound = Array.isArray(value) &&
    value.every((length) => Number.isSafeInteger(length) && length >= 0);
  if (sound) return value;
  throw new RangeError(`its ${name} is not a list of lengths`);
}
