/**
 * A column of all cells at once, for plans that depend on it.
 *
 * @module
 */

import type { CellBatch } from "../../core/batch.ts";
import { InputError } from "../../core/errors.ts";
import { suggest } from "../../core/nearest.ts";
import type { Column, ReadRequest } from "../../core/source.ts";
import type { PlanShape } from "./plan/plan_read.ts";

/** A code a cell, -1 where it has none; in as few bytes as its categories need. */
export type Codes = Int8Array | Int16Array | Int32Array;

/** Blocks of cells whose columns can be read. */
export interface Scannable {
  readonly columns: readonly Column[];
  /** Cells in each block. */
  readonly sizes: readonly number[];
  /** Begins to read; nothing is opened before the first block is asked for. */
  open(): CodeReader;
}

/** Reads codes; asked for one thing at a time. */
export interface CodeReader {
  /** Category codes of the block's cells in these columns; -1 where a cell has none. */
  codes(block: number, columns: readonly string[]): Promise<CellBatch["obs"]>;
  /** Closes whatever is open. */
  close(): Promise<void>;
}

/** Columns that are read when they are first asked for, and kept. */
export interface CodeScan {
  /**
   * The codes of all cells.
   *
   * @throws InputError when the column is unknown.
   */
  codesOf(column: string): Promise<Codes>;
}

/** Scans columns of these blocks, a byte a cell where a column has up to 128 categories. */
export function codeScan(blocks: Scannable): CodeScan {
  const known = new Map<string, Promise<Codes>>();
  return {
    codesOf(name) {
      const found = known.get(name);
      if (found) return found;
      const scanned = scan(blocks, name);
      known.set(name, scanned);
      // What failed once may work the next time.
      scanned.catch(() => known.delete(name));
      return scanned;
    },
  };
}

/** What a plan needs of the columns that a request names: a `keep` for both filters, and codes. */
export async function scanFor(
  scan: CodeScan,
  columns: readonly Column[],
  { keep, where = {}, balance }: Pick<ReadRequest, "keep" | "where" | "balance">,
): Promise<Pick<ReadRequest, "keep"> & Pick<PlanShape, "codes">> {
  const filters = Object.entries(where).map(([column, category]) => {
    const { categories } = columnOf(columns, column), code = categories.indexOf(category);
    if (code >= 0) return { column, code };
    throw new InputError({
      message: `Cannot find category "${category}" of column "${column}": ` +
        suggest(category, categories),
    });
  });
  let kept = keep;
  for (const { column, code } of filters) {
    const codes = await scan.codesOf(column), others = kept;
    kept = others ? (cell) => codes[cell] === code && others(cell) : (cell) => codes[cell] === code;
  }
  const codes = balance === undefined ? undefined : await scan.codesOf(balance);
  return { ...(kept && { keep: kept }), codes };
}

/** The column called `name`; an `InputError` with the nearest names where there is none. */
export function columnOf(columns: readonly Column[], name: string): Column {
  const column = columns.find((each) => each.name === name);
  if (column) return column;
  const names = columns.map((each) => each.name);
  throw new InputError({ message: `Cannot find column "${name}": ${suggest(name, names)}` });
}

async function scan(
  { columns, sizes, open }: Scannable,
  name: string,
): Promise<Codes> {
  const { categories } = columnOf(columns, name);
  const codes = emptyCodes(sizes.reduce((sum, size) => sum + size, 0), categories.length);
  const reader = open();
  try {
    let cell = 0;
    for (let block = 0; block < sizes.length; block++) {
      codes.set((await reader.codes(block, [name]))[name], cell);
      cell += sizes[block];
    }
  } finally {
    await reader.close();
  }
  return codes;
}

function emptyCodes(cells: number, categories: number): Codes {
  if (categories <= 2 ** 7) return new Int8Array(cells);
  return categories <= 2 ** 15 ? new Int16Array(cells) : new Int32Array(cells);
}
