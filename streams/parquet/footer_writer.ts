/**
 * The footer of a file that is being written. What it will say of a row group is kept as the bytes that
 * say it: an object for each of ten thousand would take fifty times as much memory.
 *
 * @module
 */

import type { KeyValue, SchemaElement } from "hyparquet";
import {
  CompressionCodecs,
  ConvertedTypes,
  Encodings,
  FieldRepetitionTypes,
  ParquetTypes,
} from "hyparquet/src/constants.js";
import { ByteWriter } from "hyparquet-writer";
import { logicalType } from "hyparquet-writer/src/metadata.js";
import { serializeTCompactProtocol } from "hyparquet-writer/src/thrift.js";
import type { EncodedChunk } from "./encode_page.ts";
import { I32, I64, LIST, STRUCT } from "./thrift.ts";

/** A chunk at bytes `first … end - 1` of a file, its data pages from `second` on. */
export interface PlacedChunk {
  readonly chunk: EncodedChunk;
  readonly first: number;
  readonly second: number;
  readonly end: number;
}

/** Hears of the row groups one by one; each has the same columns. */
export interface FooterWriter {
  add(rows: number, chunks: readonly PlacedChunk[]): void;
  /** What ends a file that has so many bytes: offset indexes, footer, and how long that is. */
  finish(bytes: number, schema: readonly SchemaElement[], notes: readonly KeyValue[]): Uint8Array[];
}

/** Rows of a row group, and bytes of it. */
interface WrittenGroup {
  readonly rows: number;
  readonly unpacked: number;
  readonly packed: number;
}

type Fields = Parameters<typeof serializeTCompactProtocol>[1];

const MAGIC = 0x31524150, STOP = 0;

/** A footer of no row group yet. */
export function footerWriter(): FooterWriter {
  // Of each chunk what is said of it but where its index lies; of each column its indexes.
  const chunks = new ByteWriter(), ends: number[] = [0];
  const indexes: ByteWriter[] = [], sizes: number[] = [];
  const groups: WrittenGroup[] = [];

  function putGroup(footer: ByteWriter, group: number, places: number[]): void {
    const { rows, unpacked, packed } = groups[group];
    putListHead(footer, 1, places.length);
    for (let column = 0; column < places.length; column++) {
      const at = group * places.length + column, from = ends[at];
      footer.appendBytes(new Uint8Array(chunks.buffer, from, ends[at + 1] - from - 1));
      putInteger(footer, 1, I64, places[column]);
      putInteger(footer, 1, I32, sizes[at]);
      footer.appendUint8(STOP);
      places[column] += sizes[at];
    }
    putInteger(footer, 1, I64, unpacked);
    putInteger(footer, 1, I64, rows);
    putInteger(footer, 3, I64, packed);
    footer.appendUint8(STOP);
  }

  return {
    add(rows, placed) {
      let unpacked = 0;
      for (const [column, one] of placed.entries()) {
        const size = unpackedSize(one.chunk), index = indexes[column] ??= new ByteWriter();
        const before = index.index;
        serializeTCompactProtocol(chunks, { field_2: 0n, field_3: describe(one, size) });
        ends.push(chunks.index);
        serializeTCompactProtocol(index, offsetIndex(one));
        sizes.push(index.index - before);
        unpacked += size;
      }
      groups.push({ rows, unpacked, packed: placed.at(-1)!.end - placed[0].first });
    },
    finish(bytes, schema, notes) {
      const footer = new ByteWriter(), rows = groups.reduce((sum, { rows }) => sum + rows, 0);
      putFields(footer, { field_1: 2, field_2: schema.map(nodeOf), field_3: BigInt(rows) }, 0);
      putListHead(footer, 1, groups.length);
      // Column by column, so that those of one column are read at once.
      let at = bytes;
      const places = indexes.map(({ index }) => (at += index) - index);
      for (let group = 0; group < groups.length; group++) putGroup(footer, group, places);
      putFields(footer, {
        // Some readers do not take a list of nothing.
        ...(notes.length > 0 &&
          { field_5: notes.map(({ key, value }) => ({ field_1: key, field_2: value })) }),
        field_6: "gil",
        field_7: schema.filter(({ type }) => type).map(() => ({ field_1: {} })),
      }, 4);
      footer.appendUint8(STOP);
      footer.appendUint32(footer.index);
      footer.appendUint32(MAGIC);
      return [...indexes.map((index) => index.getBytes()), footer.getBytes()];
    },
  };
}

/** Appends fields to a structure whose last one was `last`, and leaves it open. */
function putFields(writer: ByteWriter, fields: Fields, last: number): void {
  const part = new ByteWriter();
  serializeTCompactProtocol(part, fields);
  const bytes = part.getBytes();
  // The number of a field is said by its step from the one before.
  bytes[0] -= last << 4;
  writer.appendBytes(bytes.subarray(0, -1));
}

/** Appends an integer as the field that is `step` behind the last. */
function putInteger(writer: ByteWriter, step: number, type: number, value: number): void {
  writer.appendUint8(step << 4 | type);
  writer.appendZigZag(BigInt(value));
}

/** Appends the head of a list of structures as the field that is `step` behind the last. */
function putListHead(writer: ByteWriter, step: number, size: number): void {
  writer.appendUint8(step << 4 | LIST);
  writer.appendUint8(Math.min(size, 15) << 4 | STRUCT);
  if (size > 14) writer.appendVarInt(size);
}

const nodeOf = (element: SchemaElement): Fields => ({
  field_1: element.type && ParquetTypes.indexOf(element.type),
  field_3: element.repetition_type && FieldRepetitionTypes.indexOf(element.repetition_type),
  field_4: element.name,
  field_5: element.num_children,
  field_6: element.converted_type && ConvertedTypes.indexOf(element.converted_type),
  field_10: logicalType(element.logical_type),
});

const unpackedSize = ({ dictionary, pages }: EncodedChunk): number =>
  pages.reduce((sum, { unpacked }) => sum + unpacked, dictionary?.unpacked ?? 0);

/** The meta data of a chunk. */
const describe = ({ chunk, first, second, end }: PlacedChunk, unpacked: number): Fields => ({
  field_1: ParquetTypes.indexOf(chunk.type),
  field_2: chunk.encodings.map((encoding) => Encodings.indexOf(encoding)),
  field_3: chunk.path,
  field_4: CompressionCodecs.indexOf(chunk.codec),
  field_5: BigInt(chunk.values),
  field_6: BigInt(unpacked),
  field_7: BigInt(end - first),
  field_9: BigInt(second),
  ...(chunk.dictionary && { field_11: BigInt(first) }),
  field_12: { field_3: BigInt(chunk.nulls) },
});

/** The offset index of a chunk. */
function offsetIndex({ chunk, second }: PlacedChunk): Fields {
  let row = 0, at = second;
  const places = chunk.pages.map(({ bytes, rows }) => {
    const place = { field_1: BigInt(at), field_2: bytes.length, field_3: BigInt(row) };
    at += bytes.length;
    row += rows;
    return place;
  });
  return { field_1: places };
}
