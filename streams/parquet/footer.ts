/**
 * The footer of a Parquet file: its schema and where its row groups lie.
 *
 * @module
 */

import type { FileMetaData } from "hyparquet";
// The rest of hyparquet takes longer to load than a footer to read.
import { parquetMetadata } from "hyparquet/src/metadata.js";
import type { ByteSource } from "../bytes/byte_source.ts";
import { checkFooter } from "./check_footer.ts";
import { skipStruct } from "./thrift.ts";

const TAIL = 8;
/** Bytes that are read before it is known how long the footer is: most footers are shorter. */
const GUESS = 2 ** 16;

/** Reads the footer of a file; throws where it is not that of a Parquet file. */
export async function footerOf(file: ByteSource): Promise<FileMetaData> {
  const guess = await bytesOf(file, Math.max(0, file.size - GUESS), file.size);
  const start = startOf(guess.subarray(-TAIL), file.size);
  const missing = Math.max(0, file.size - guess.length - start);
  if (missing === 0) return parse(guess.subarray(guess.length - (file.size - start)));
  const footer = new Uint8Array(missing + guess.length);
  await file.read(footer.subarray(0, missing), start);
  footer.set(guess, missing);
  return parse(footer);
}

async function bytesOf(file: ByteSource, from: number, to: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(to - from);
  await file.read(bytes, from);
  return bytes;
}

/** Where the footer of a file of `size` bytes begins, of which `tail` are the last. */
function startOf(tail: Uint8Array, size: number): number {
  if (tail.length < TAIL) throw new RangeError("it is too short for a Parquet file");
  const view = new DataView(tail.buffer, tail.byteOffset, TAIL), length = view.getUint32(0, true);
  if (view.getUint32(4, true) !== 0x31524150) {
    throw new RangeError("it does not end as Parquet files do");
  }
  if (length + TAIL + 4 > size) throw new RangeError("its footer is longer than the file");
  return size - TAIL - length;
}

/** Checked before hyparquet sees it, which believes how long lists and numbers say they are. */
function parse(footer: Uint8Array): FileMetaData {
  const cursor = { bytes: footer.subarray(0, -TAIL), at: 0 };
  try {
    skipStruct(cursor);
    const metadata = parquetMetadata(footer as Uint8Array<ArrayBuffer>, { geoparquet: false });
    checkFooter(metadata);
    return metadata;
  } catch (cause) {
    throw new RangeError(
      `its footer is damaged: ${cause instanceof Error ? cause.message : cause}`,
    );
  }
}
