/**
 * One Parquet file, written row group by row group.
 *
 * The schema comes last: only then is it known how large the largest value was.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync } from "node:fs";
import type { KeyValue, SchemaElement } from "hyparquet";
import { writeAll } from "../write_whole.ts";
import type { EncodedChunk } from "./encode_page.ts";
import { footerWriter, type PlacedChunk } from "./footer_writer.ts";

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
  const footer = footerWriter(), hash = createHash("sha256");
  let file: number | undefined = openSync(path, "wx"), bytes = 0, rows = 0;

  function put(part: Uint8Array): void {
    writeAll(file!, part);
    hash.update(part);
    bytes += part.length;
  }
  function putChunk(chunk: EncodedChunk): PlacedChunk {
    const first = bytes;
    if (chunk.dictionary) put(chunk.dictionary.bytes);
    const second = bytes;
    for (const page of chunk.pages) put(page.bytes);
    return { chunk, first, second, end: bytes };
  }
  function close(): void {
    if (file !== undefined) closeSync(file);
    file = undefined;
  }

  try {
    put(MAGIC);
  } catch (cause) {
    close();
    throw cause;
  }
  return {
    bytes: () => bytes,
    write(count, chunks) {
      footer.add(count, chunks.map(putChunk));
      rows += count;
    },
    finish(schema, notes) {
      for (const part of footer.finish(bytes, schema, notes)) put(part);
      fsyncSync(file!);
      close();
      return { rows, bytes, sha256: hash.digest("hex") };
    },
    close,
  };
}
