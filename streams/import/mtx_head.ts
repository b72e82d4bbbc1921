/**
 * The head of a Matrix Market file: what it claims to hold.
 *
 * @module
 */

import { bytesOf } from "./text.ts";
import { unreadable } from "./unreadable.ts";

/** What the head of a Matrix Market file says. */
export interface MtxHead {
  readonly path: string;
  /** Rows and columns. */
  readonly size: readonly [rows: number, columns: number];
  /** Lines of entries that must follow. */
  readonly entries: number;
  /** Bytes before the first entry. */
  readonly bytes: number;
}

/** Comments and empty lines, then the line of three sizes. */
const HEAD = /^(?:%[^\n]*\n|[^\S\n]*\n)*[ \t]*(\d+)[ \t]+(\d+)[ \t]+(\d+)[ \t\r]*\n/;
const BANNER = /^%%matrixmarket\s+matrix\s+coordinate\s+(integer|real)\s+general\s*$/i;

/** Reads the head; throws an `InputError` unless the file holds general coordinates. */
export async function readHead(path: string): Promise<MtxHead> {
  let text = "";
  for await (const bytes of bytesOf(path)) {
    text += new TextDecoder("latin1").decode(bytes);
    if (HEAD.test(text) || text.length > 2 ** 20) break;
  }
  const banner = text.split("\n", 1)[0];
  if (!BANNER.test(banner)) {
    throw unreadable(
      path,
      `it begins with "${
        banner.slice(0, 60)
      }", not with "%%MatrixMarket matrix coordinate integer general" (or real)`,
    );
  }
  const head = HEAD.exec(text);
  if (head === null) throw unreadable(path, "there is no line with the size of the matrix");
  const [rows, columns, entries] = head.slice(1).map(Number);
  return { path, size: [rows, columns], entries, bytes: head[0].length };
}
