/**
 * The footer of a Parquet file: its schema and where its row groups lie.
 *
 * @module
 */

import { closeSync, openSync, readSync } from "node:fs";
import { type FileMetaData, parquetMetadata } from "hyparquet";

const TAIL = 8;

/** Reads the footer of a file of `size` bytes; throws where it is not that of a Parquet file. */
export function readFooter(path: string, size: number): FileMetaData {
  const file = openSync(path, "r");
  try {
    const tail = read(file, size - TAIL, TAIL);
    const length = new DataView(tail.buffer).getUint32(0, true);
    if (length + TAIL + 4 > size) throw new RangeError("its footer is longer than the file");
    const footer = read(file, size - TAIL - length, length + TAIL);
    return parquetMetadata(footer, { geoparquet: false });
  } finally {
    closeSync(file);
  }
}

function read(file: number, start: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  if (start < 0 || readSync(file, bytes, 0, length, start) < length) {
    throw new RangeError("it is too short for a Parquet file");
  }
  return bytes;
}
