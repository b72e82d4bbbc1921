/**
 * Cells out of lists that were decoded into the staging area: those of an atlas are checked, those of
 * foreign files translated.
 *
 * @module
 */

import { COUNTS, GENES } from "../../atlas/layout.ts";
import type { AtlasLayout } from "../../atlas/shard.ts";
import type { ListTarget } from "../../parquet/decode_piece.ts";
import type { Numbers } from "../../parquet/plain.ts";
import type { ForeignLayout } from "../../foreign/foreign_layout.ts";
import { type RowFault, translator } from "../../foreign/translate.ts";
import { checkRows } from "./check_rows.ts";
import { reserveEntries, type Staging } from "./staging.ts";

/** A column of lists that is there to be appended. */
export interface ListColumn {
  readonly entries: () => number;
  readonly lists: (target: ListTarget) => void;
  /** Whether values are stored as integers. */
  readonly whole: boolean;
}

/** Rows of the staging area, which were counted from `first` in their row group. */
export interface NewRows {
  readonly from: number;
  readonly to: number;
  readonly first: number;
}

/**
 * Appends the rows of two columns as cells.
 *
 * @throws RangeError where one of them is no cell.
 */
export type MakeCells = (
  staging: Staging,
  rows: NewRows,
  lists: readonly [genes: ListColumn, values: ListColumn],
) => void;

/** Name of a fault whose message begins with the row that it is in. */
export const IN_ROW = "InRow";

/** The columns of the lists of genes and of values. */
export const listNames = (layout: AtlasLayout | ForeignLayout): readonly [string, string] =>
  isForeign(layout) ? [layout.genes, layout.values] : [GENES, COUNTS];

/** How cells of a layout are made. */
export const cellMaker = (layout: AtlasLayout | ForeignLayout): MakeCells =>
  isForeign(layout) ? foreignCells(layout) : atlasCells(layout);

const isForeign = (layout: AtlasLayout | ForeignLayout): layout is ForeignLayout =>
  "tokens" in layout;

const atlasCells = (layout: AtlasLayout): MakeCells => (staging, { from, to }, lists) => {
  const falls = { of: "falls" as const, count: NaN };
  const faults = { of: "faults" as const, count: NaN };
  const [genes, values] = lists, targets = targetsOf(staging, from);
  genes.lists({ ...targets.genes, findings: falls });
  values.lists({ ...targets.values, findings: faults });
  const found = { falls: falls.count, faults: faults.count };
  checkRows(staging, { from, to, whole: values.whole, ...found }, layout);
};

function foreignCells(layout: ForeignLayout): MakeCells {
  const translate = translator(layout);
  return (staging, { from, to, first }, lists) => {
    const [genes, values] = lists, targets = targetsOf(staging, from);
    let fault: RowFault | undefined;
    values.lists(targets.values);
    try {
      genes.lists(targets.genes);
      fault = translate(staging, { from, to });
    } catch (cause) {
      fault = faultIn(staging, { from, to }, genes);
      if (!fault) throw cause;
    }
    if (fault) throw inRow(first + fault.row - from, fault.why);
  };
  /** The first row with a token that is no gene's, among tokens that the staging area cannot hold. */
  function faultIn(
    { offsets, others, values }: Staging,
    rows: { readonly from: number; readonly to: number },
    genes: ListColumn,
  ): RowFault | undefined {
    const entry = rows.from === 0 ? 0 : offsets[rows.from];
    const tokens = new Float64Array(entry + genes.entries());
    try {
      genes.lists({ offsets, row: rows.from, values: tokens, entry });
    } catch {
      return undefined;
    }
    return translate({ offsets, others, genes: tokens, values }, rows);
  }
}

/** Where lists go that become the row `row` and those behind it; makes room as it is needed. */
function targetsOf(staging: Staging, row: number) {
  const { offsets, others, genes, values } = staging, entry = row === 0 ? 0 : offsets[row];
  const reserve = (name: "genes" | "values") => (entries: number): Numbers => {
    reserveEntries(staging, entries);
    return staging[name];
  };
  return {
    genes: { offsets, row, values: genes, reserve: reserve("genes"), entry },
    values: { offsets: others, row, values, reserve: reserve("values"), entry },
  };
}

function inRow(row: number, why: string): RangeError {
  const error = new RangeError(`row ${row}: ${why}`);
  error.name = IN_ROW;
  return error;
}
