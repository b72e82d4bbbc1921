/**
 * The footer of a Parquet file: its schema, its notes, and where it speaks of its row groups. Of those
 * there may be ten thousand, so what it says of them stays as it is until somebody asks for a column.
 *
 * @module
 */

import type { ByteSource } from "../bytes/byte_source.ts";
import { readSchema, type SchemaNode } from "./schema_node.ts";
import {
  BINARY,
  type Cursor,
  I64,
  LIST,
  readBinary,
  readSigned,
  readStruct,
  readStructsHead,
} from "./thrift.ts";

/** What the footer of a file says. */
export interface Footer {
  /** Nodes before their children, the first of which holds all others. */
  readonly schema: readonly SchemaNode[];
  /** What was noted under a key. */
  readonly notes: ReadonlyMap<string, string>;
  /** Rows of each row group; whether there can be so many is not known. */
  readonly rows: Float64Array;
  readonly bytes: Uint8Array;
  /** Where in these bytes each row group begins. */
  readonly groups: Uint32Array;
}

const TAIL = 8;
/** Bytes that are read before it is known how long the footer is: most footers are shorter. */
const GUESS = 2 ** 16;

/** Reads the footer of a file; throws a RangeError where it is not that of a Parquet file. */
export async function footerOf(file: ByteSource): Promise<Footer> {
  const guess = await bytesOf(file, Math.max(0, file.size - GUESS), file.size);
  const start = startOf(guess.subarray(-TAIL), file.size);
  const missing = Math.max(0, file.size - guess.length - start);
  if (missing === 0) return parse(guess.subarray(guess.length - (file.size - start), -TAIL));
  const footer = new Uint8Array(missing + guess.length);
  await file.read(footer.subarray(0, missing), start);
  footer.set(guess, missing);
  return parse(footer.subarray(0, -TAIL));
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

function parse(bytes: Uint8Array): Footer {
  const cursor = { bytes, at: 0 }, notes = new Map<string, string>();
  let schema: SchemaNode[] | undefined, groups: Pick<Footer, "rows" | "groups"> | undefined;
  try {
    readStruct(cursor, (id, type) => {
      if (type !== LIST) return false;
      if (id === 2) schema = readSchema(cursor);
      else if (id === 4) groups = readGroups(cursor);
      else if (id === 5) readNotes(cursor, notes);
      else return false;
      return true;
    });
    if (!schema?.length || !groups) throw new RangeError("it lacks a schema or its row groups");
  } catch (cause) {
    throw new RangeError(
      `its footer is damaged: ${cause instanceof Error ? cause.message : cause}`,
    );
  }
  return { schema, notes, bytes, ...groups };
}

/** Walks over the row groups. */
function readGroups(cursor: Cursor): Pick<Footer, "rows" | "groups"> {
  const size = readStructsHead(cursor), groups = new Uint32Array(size);
  const rows = new Float64Array(size);
  for (let group = 0; group < size; group++) {
    let isThere = false;
    groups[group] = cursor.at;
    readStruct(cursor, (id, type) => {
      if (id !== 3 || type !== I64) return false;
      rows[group] = readSigned(cursor);
      return isThere = true;
    });
    if (!isThere) throw new RangeError("a row group does not say how many rows it has");
  }
  return { rows, groups };
}

function readNotes(cursor: Cursor, notes: Map<string, string>): void {
  for (let left = readStructsHead(cursor); left > 0; left--) {
    let key = "", value = "";
    readStruct(cursor, (id, type) => {
      if (type !== BINARY || id > 2) return false;
      const text = new TextDecoder().decode(readBinary(cursor));
      if (id === 1) key = text;
      else value = text;
      return true;
    });
    notes.set(key, value);
  }
}
