/**
 * Columns in Arrow's memory layout to arrays of our own.
 *
 * Follows Arrow's C data interface as it lies in 32-bit WebAssembly. Everything is copied: views of
 * that memory die as soon as it grows.
 *
 * @module
 */

import { type ArrowNode, isPresent } from "./arrow_node.ts";

/** Elements of lists. */
export type SlowNumbers = Uint32Array | Float32Array | Float64Array;

/** Rows of one column, in whatever way they were stored. */
export type SlowColumn =
  /** Row `i` owns `values[offsets[i]]` up to `values[offsets[i + 1]]`; a null list is an empty one. */
  | { readonly kind: "lists"; readonly offsets: Uint32Array; readonly values: SlowNumbers }
  /** NaN where a row has none. */
  | { readonly kind: "numbers"; readonly values: Float64Array }
  /** Row `i` is `texts[codes[i]]`; the code is -1 where it has none. */
  | { readonly kind: "texts"; readonly codes: Int32Array; readonly texts: readonly string[] };

/** Copies a column; throws a RangeError where it is of a kind that cells do not need. */
export function copyColumn(column: ArrowNode): SlowColumn {
  if (column.dictionary) return copyCoded(column, column.dictionary);
  switch (column.format) {
    case "+l":
    case "+L":
      return copyLists(column);
    case "u":
    case "U":
    case "vu":
    case "z":
    case "Z":
    case "vz":
      return copyTexts(column);
  }
  const numbers = copyNumbers(column, 0, column.length), values = Float64Array.from(numbers);
  for (let row = 0; row < values.length; row++) if (!isPresent(column, row)) values[row] = NaN;
  return { kind: "numbers", values };
}

function copyLists(column: ArrowNode): SlowColumn {
  const { length } = column, ends = offsetsOf(column);
  const offsets = new Uint32Array(length + 1), first = ends[0];
  for (let row = 0; row < length; row++) {
    if (!isPresent(column, row) && ends[row] !== ends[row + 1]) {
      throw new RangeError("a list is null and has elements");
    }
    offsets[row + 1] = ends[row + 1] - first;
  }
  const [elements] = column.children, count = offsets[length];
  for (let e = 0; e < count; e++) {
    if (!isPresent(elements, first + e)) throw new RangeError("an element is null");
  }
  if (elements.dictionary) throw new RangeError("its lists hold categories instead of numbers");
  return { kind: "lists", offsets, values: copyNumbers(elements, first, count) };
}

/** Numbers `from … from + count - 1`, whatever their type; what is null has no meaning. */
function copyNumbers({ memory, format, buffers, offset }: ArrowNode, from: number, count: number) {
  const at = buffers[1], start = offset + from;
  const list = <A>(Kind: NumberArray<A>) =>
    new Kind(memory, at + start * Kind.BYTES_PER_ELEMENT, count);
  switch (format) {
    case "C":
      return Uint32Array.from(list(Uint8Array));
    case "S":
      return Uint32Array.from(list(Uint16Array));
    case "I":
      return list(Uint32Array).slice();
    case "c":
      return Float64Array.from(list(Int8Array));
    case "s":
      return Float64Array.from(list(Int16Array));
    case "i":
      return Float64Array.from(list(Int32Array));
    case "l":
      return fromLarge(list(BigInt64Array));
    case "L":
      return fromLarge(list(BigUint64Array));
    case "e":
      return Float32Array.from(list(Float16Array));
    case "f":
      return list(Float32Array).slice();
    case "g":
      return list(Float64Array).slice();
    case "b": {
      const bits = new Uint8Array(memory, at), out = new Uint32Array(count);
      for (let i = 0; i < count; i++) out[i] = bits[(start + i) >> 3] >> ((start + i) & 7) & 1;
      return out;
    }
  }
  throw new RangeError(`it holds neither numbers nor texts but Arrow's type "${format}"`);
}

type NumberArray<A> = {
  readonly BYTES_PER_ELEMENT: number;
  new (memory: ArrayBuffer, at: number, length: number): A;
};

function fromLarge(values: BigInt64Array | BigUint64Array): Float64Array {
  const out = new Float64Array(values.length);
  for (let i = 0; i < out.length; i++) {
    out[i] = Number(values[i]);
    if (Number.isSafeInteger(out[i])) continue;
    throw new RangeError(`${values[i]} is too large to be a number here`);
  }
  return out;
}

/** Where lists or texts begin, one more than there are. */
function offsetsOf(column: ArrowNode): Float64Array | Int32Array {
  const { memory, format, buffers, offset, length } = column;
  return ["+L", "U", "Z"].includes(format)
    ? fromLarge(new BigInt64Array(memory, buffers[1] + 8 * offset, length + 1))
    : new Int32Array(memory, buffers[1] + 4 * offset, length + 1);
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The bytes of each text. */
function bytesOf(column: ArrowNode): (row: number) => Uint8Array {
  const { memory, buffers, offset, format } = column;
  if (!format.startsWith("v")) {
    const ends = offsetsOf(column);
    return (row) => new Uint8Array(memory, buffers[2] + ends[row], ends[row + 1] - ends[row]);
  }
  // A view is a length and, within twelve bytes, the text itself; else its start, buffer and place.
  const views = new DataView(memory, buffers[1] + 16 * offset, 16 * column.length);
  return (row) => {
    const at = 16 * row, length = views.getInt32(at, true);
    const start = length <= 12
      ? views.byteOffset + at + 4
      : buffers[2 + views.getInt32(at + 8, true)] + views.getInt32(at + 12, true);
    return new Uint8Array(memory, start, length);
  };
}

function copyTexts(column: ArrowNode): Extract<SlowColumn, { kind: "texts" }> {
  const codes = new Int32Array(column.length).fill(-1), known = new Map<string, number>();
  const bytes = bytesOf(column);
  for (let row = 0; row < codes.length; row++) {
    if (!isPresent(column, row)) continue;
    const text = utf8.decode(bytes(row)), code = known.get(text) ?? known.size;
    known.set(text, code);
    codes[row] = code;
  }
  return { kind: "texts", codes, texts: [...known.keys()] };
}

/** Categories: codes of Arrow's dictionary, which may name a text twice or one that no row has. */
function copyCoded(column: ArrowNode, dictionary: ArrowNode): SlowColumn {
  const words = copyColumn(dictionary), indices = copyNumbers(column, 0, column.length);
  if (words.kind === "lists") throw new RangeError("it holds categories that are lists");
  const { values, texts, codes: wordCodes } = words.kind === "texts"
    ? { ...words, values: new Float64Array(0) }
    : { ...words, texts: [], codes: undefined };
  const codes = new Int32Array(column.length).fill(-1), out = new Float64Array(codes.length);
  for (let row = 0; row < codes.length; row++) {
    const there = isPresent(column, row) && indices[row] < dictionary.length;
    if (wordCodes) codes[row] = there ? wordCodes[indices[row]] : -1;
    else out[row] = there ? values[indices[row]] : NaN;
  }
  return wordCodes ? { kind: "texts", codes, texts } : { kind: "numbers", values: out };
}
