/**
 * One Parquet file, written row group by row group.
 *
 * The schema comes last: only then is it known how large the largest value was.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import type { ColumnChunk, ColumnMetaData, KeyValue, RowGroup, SchemaElement } from "hyparquet";
import { ByteWriter } from "hyparquet-writer";
import { writeMetadata } from "hyparquet-writer/src/metadata.js";
import { serializeTCompactProtocol } from "hyparquet-writer/src/thrift.js";
import type { EncodedChunk } from "./encode_page.ts";

/** A file that is being written; throws what the file system throws. */
export interface ShardWriter {
  /** Bytes written so far. */
  bytes(): number;
  /** Appends a row group. */
  write(rows: number, chunks: readonly EncodedChunk[]): void;
  /** Writes the footer, brings everything to the disk and closes the file. */
  finish(schema: SchemaElement[], notes: KeyValue[]): ShardSummary;
  /** Closes the file as it is; nothing once it is finished. */
  close(): void;
}

/** What a finished file is. */
export interface ShardSummary {
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

const MAGIC = new TextEncoder().encode("PAR1");

/** Creates the file at `path`, which must not exist. */
export function shardWriter(path: string): ShardWriter {
  const groups: RowGroup[] = [], hash = createHash("sha256");
  const indexes: Uint8Array[][] = [];
  let file: number | undefined = openSync(path, "wx"), bytes = 0, rows = 0;

  function put(part: Uint8Array): void {
    for (let done = 0; done < part.length;) done += writeSync(file!, part, done);
    hash.update(part);
    bytes += part.length;
  }
  function close(): void {
    if (file !== undefined) closeSync(file);
    file = undefined;
  }

  put(MAGIC);
  return {
    bytes: () => bytes,
    write(count, chunks) {
      const start = bytes, located: Uint8Array[] = [];
      const columns = chunks.map((chunk): ColumnChunk => {
        const first = bytes;
        if (chunk.dictionary) put(chunk.dictionary.bytes);
        const second = bytes;
        located.push(encodeIndex(chunk, second));
        for (const page of chunk.pages) put(page.bytes);
        const meta_data = describe(chunk, { first, second, end: bytes });
        return { file_offset: 0n, meta_data };
      });
      indexes.push(located);
      groups.push({
        columns,
        total_byte_size: columns.reduce(
          (sum, { meta_data }) => sum + meta_data!.total_uncompressed_size,
          0n,
        ),
        num_rows: BigInt(count),
        total_compressed_size: BigInt(bytes - start),
      });
      rows += count;
    },
    finish(schema, notes) {
      // Column by column, so that those of one column are read at once.
      for (let column = 0; column < (indexes[0]?.length ?? 0); column++) {
        for (const [group, { columns }] of groups.entries()) {
          const index = indexes[group][column];
          columns[column].offset_index_offset = BigInt(bytes);
          columns[column].offset_index_length = index.length;
          put(index);
        }
      }
      const footer = new ByteWriter();
      writeMetadata(footer, {
        version: 2,
        created_by: "gil",
        schema,
        num_rows: BigInt(rows),
        row_groups: groups,
        // Some readers do not take a list of nothing.
        ...(notes.length > 0 && { key_value_metadata: notes }),
        metadata_length: 0,
      });
      footer.appendBytes(MAGIC);
      put(footer.getBytes());
      fsyncSync(file!);
      close();
      return { rows, bytes, sha256: hash.digest("hex") };
    },
    close,
  };
}

/** The offset index of a chunk whose first data page begins at byte `at`. */
function encodeIndex({ pages }: EncodedChunk, at: number): Uint8Array {
  const writer = new ByteWriter();
  let row = 0;
  const places = pages.map(({ bytes, rows }) => {
    const place = { field_1: BigInt(at), field_2: bytes.length, field_3: BigInt(row) };
    at += bytes.length;
    row += rows;
    return place;
  });
  serializeTCompactProtocol(writer, { field_1: places });
  return writer.getBytes();
}

/** What the footer says of a chunk that lies at `first … end - 1`, its data pages from `second`. */
function describe(
  chunk: EncodedChunk,
  at: { readonly first: number; readonly second: number; readonly end: number },
): ColumnMetaData {
  const pages = [chunk.dictionary, ...chunk.pages];
  return {
    type: chunk.type,
    encodings: chunk.encodings,
    path_in_schema: chunk.path,
    codec: chunk.codec,
    num_values: BigInt(chunk.values),
    total_uncompressed_size: BigInt(pages.reduce((sum, page) => sum + (page?.unpacked ?? 0), 0)),
    total_compressed_size: BigInt(at.end - at.first),
    data_page_offset: BigInt(at.second),
    ...(chunk.dictionary && { dictionary_page_offset: BigInt(at.first) }),
    statistics: { null_count: BigInt(chunk.nulls) },
  };
}
