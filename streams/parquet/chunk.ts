/**
 * Where the values of one column in one row group lie, checked against the file before it is read.
 *
 * @module
 */

import type { Encoding } from "hyparquet";
import { CompressionCodecs, Encodings, ParquetTypes } from "hyparquet/src/constants.js";
import { CHUNK } from "./chunk_map.ts";
import type { Leaf } from "./leaf.ts";
import type { TableColumn } from "./table_column.ts";
import { type Codec, CODECS } from "./unpack_page.ts";

/** A run of pages. */
export interface Chunk {
  readonly leaf: Leaf;
  /** First byte within the file. */
  readonly start: number;
  readonly bytes: number;
  /** Bytes of all pages once decompressed, with their headers. */
  readonly unpacked: number;
  /** Values, nulls and empty lists counted. */
  readonly values: number;
  readonly rows: number;
  readonly codec: Codec;
  readonly encodings: readonly (Encoding | "unknown")[];
}

/** No row group may have more rows: an array could not hold what is said of them. */
const MOST_ROWS = 2 ** 28;
/** No chunk may have more values, or unpack to more bytes: nobody could have written it. */
const MOST = 2 ** 40;

/**
 * The chunk of a column in a row group.
 *
 * @throws RangeError when the footer claims what cannot be.
 */
export function chunkOf(
  { leaf, chunks, bytes: { size } }: Pick<TableColumn, "leaf" | "chunks"> & {
    readonly bytes: Pick<TableColumn["bytes"], "size">;
  },
  group: number,
): Chunk {
  const at = group * CHUNK.length, name = leaf.path[0];
  const dictionary = chunks[at + CHUNK.dictionary], dataPage = chunks[at + CHUNK.dataPage];
  const chunk: Chunk = {
    leaf,
    // Some writers say 0 where there is no dictionary, or, in a row group without a row, no page.
    start: Math.min(dictionary || dataPage, dataPage || dictionary),
    bytes: chunks[at + CHUNK.bytes],
    unpacked: chunks[at + CHUNK.unpacked],
    values: chunks[at + CHUNK.values],
    rows: chunks[at + CHUNK.rows],
    codec: CompressionCodecs[chunks[at + CHUNK.codec]] ?? "unknown",
    encodings: namesOf(chunks[at + CHUNK.encodings]),
  };
  if (!(chunk.start >= 4 && chunk.bytes >= 0 && chunk.start + chunk.bytes <= size)) {
    throw new RangeError(`column "${name}" lies outside the file`);
  }
  const { unpacked, values, rows } = chunk;
  const isPossible = unpacked >= 0 && unpacked < MOST && values >= 0 && values < MOST;
  if (!(isPossible && rows >= 0 && rows < MOST_ROWS)) {
    throw new RangeError(`column "${name}" claims an impossible size`);
  }
  if (
    ParquetTypes[chunks[at + CHUNK.type]] !== leaf.type ||
    (leaf.lists ? chunk.values < chunk.rows : chunk.values !== chunk.rows)
  ) {
    throw new RangeError(`column "${name}" contradicts the schema`);
  }
  return chunk;
}

/** The largest value of a column in a row group, as statistics have it; NaN where they do not say. */
export const mostIn = ({ chunks }: TableColumn, group: number): number =>
  chunks[group * CHUNK.length + CHUNK.most];

const NAMES: Chunk["encodings"] = [...Encodings, "unknown"];
const known = new Map<number, Chunk["encodings"]>();

/** The encodings of some bits; the same array for the same bits. */
function namesOf(bits: number): Chunk["encodings"] {
  const found = known.get(bits) ?? NAMES.filter((_, i) => (bits >> i) & 1);
  known.set(bits, found);
  return found;
}

const FAST_ENCODINGS: ReadonlySet<Encoding | "unknown"> = new Set([
  "PLAIN",
  "PLAIN_DICTIONARY",
  "RLE",
  "RLE_DICTIONARY",
  "DELTA_BINARY_PACKED",
  "BYTE_STREAM_SPLIT",
]);
const NUMBERS = ["INT32", "INT64", "FLOAT", "DOUBLE"];

/** Whether the decoder of this folder reads the chunk; everything else is left to slower ones. */
export function isFast({ leaf, codec, encodings }: Chunk): boolean {
  const types = leaf.lists ? NUMBERS : [...NUMBERS, "BOOLEAN", "BYTE_ARRAY"];
  return types.includes(leaf.type) && CODECS.has(codec) &&
    encodings.every((encoding) => FAST_ENCODINGS.has(encoding));
}
