/**
 * The schema of a Parquet file, as its footer has it.
 *
 * @module
 */

import type { ParquetType } from "hyparquet";
import { ParquetTypes } from "hyparquet/src/constants.js";
import {
  BINARY,
  BYTE,
  type Cursor,
  FALSE,
  I32,
  readBinary,
  readByte,
  readSigned,
  readStruct,
  readStructsHead,
  STRUCT,
} from "./thrift.ts";

/** A column, or what holds columns, which stand behind it. */
export interface SchemaNode {
  readonly name: string;
  /** None of what holds columns, and where it is unknown. */
  readonly type: ParquetType | undefined;
  readonly repetition: Repetition;
  /** Columns within, their own not counted. */
  readonly children: number;
  /** Whether integers are to be read as unsigned. */
  readonly unsigned: boolean;
  /** Bits of integers, as far as somebody says so. */
  readonly bits: number;
  /** What numbers stand for that are more than numbers. */
  readonly meaning: Meaning | undefined;
}

/** What a number can stand for. */
export type Meaning = "decimals" | "dates" | "times" | "timestamps";

/** How often there is a value. */
export type Repetition = "required" | "optional" | "repeated";

const REPETITIONS: readonly Repetition[] = ["required", "optional", "repeated"];
/** Converted types from UINT_8 to UINT_64. */
const UNSIGNED = 11;
/** The logical type INTEGER. */
const INTEGER = 10;
/** Logical types from DECIMAL to TIMESTAMP, and converted types: those of times come in two units. */
const LOGICAL: Readonly<Record<number, Meaning>> = {
  5: "decimals",
  6: "dates",
  7: "times",
  8: "timestamps",
};
const CONVERTED: Readonly<Record<number, Meaning>> = {
  5: "decimals",
  6: "dates",
  7: "times",
  8: "times",
  9: "timestamps",
  10: "timestamps",
};

/** No honest file has more nodes. */
const MOST = 2 ** 20;
const TEXT = new TextDecoder("utf-8", { ignoreBOM: true });

/** Reads the list of nodes that begins here; throws a RangeError where one has no name. */
export function readSchema(cursor: Cursor): SchemaNode[] {
  const length = readStructsHead(cursor);
  if (length > MOST) throw new RangeError(`its schema claims ${length} columns`);
  return Array.from({ length }, () => readNode(cursor));
}

function readNode(cursor: Cursor): SchemaNode {
  let name: string | undefined, type: ParquetType | undefined, repetition: Repetition = "required";
  let children = 0, unsigned = false, bits = 64, meaning: Meaning | undefined;

  function convertedBy(type: number): void {
    meaning ??= CONVERTED[type];
    if (!(type >= UNSIGNED && type < UNSIGNED + 4)) return;
    unsigned = true;
    bits = Math.min(bits, 8 << (type - UNSIGNED));
  }
  function integer(id: number, type: number): boolean {
    if (id === 2) unsigned ||= type === FALSE;
    if (id !== 1 || type !== BYTE) return false;
    bits = Math.min(bits, readByte(cursor));
    return true;
  }
  readStruct(cursor, (id, kind) => {
    if (id === 4 && kind === BINARY) name = TEXT.decode(readBinary(cursor));
    else if (id === 10 && kind === STRUCT) {
      readStruct(cursor, (id, kind) => {
        meaning ??= LOGICAL[id];
        if (id !== INTEGER || kind !== STRUCT) return false;
        readStruct(cursor, integer);
        return true;
      });
    } else if (kind !== I32) return false;
    else if (id === 1) type = ParquetTypes[readSigned(cursor)];
    else if (id === 3) repetition = REPETITIONS[readSigned(cursor)] ?? repetition;
    else if (id === 5) children = Math.max(0, readSigned(cursor));
    else if (id === 6) convertedBy(readSigned(cursor));
    else return false;
    return true;
  });
  if (name === undefined) throw new RangeError("a column has no name");
  return { name, type, repetition, children, unsigned, bits, meaning };
}
