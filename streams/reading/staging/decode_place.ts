/**
 * The cells of one place, from bytes to the staging area, checked.
 *
 * @module
 */

import { isFast } from "../../parquet/chunk.ts";
import { decodePieceInto, entriesIn } from "../../parquet/decode_piece.ts";
import type { CodeTarget } from "../../parquet/decode_single.ts";
import type { Piece } from "../../parquet/piece.ts";
import type { SlowColumn } from "../../parquet/slow_column.ts";
import { decodeLabelsInto } from "./decode_labels.ts";
import type { PlannedPlace } from "./loads.ts";
import { type ListColumn, listNames } from "./make_cells.ts";
import { projectRows } from "./project_rows.ts";
import type { ReaderSettings } from "./reader_settings.ts";
import { appendCodes, appendLists, slowEntries } from "./slow_columns.ts";
import type { Bench } from "./stage_window.ts";

/** The columns that places are made of, in their order. */
export const columnNames = (
  { layout, columns }: Pick<ReaderSettings, "layout" | "columns">,
): string[] => [
  ...listNames(layout),
  ...columns,
];

/** Pieces with their bytes. */
export interface Loaded {
  readonly pieces: readonly Piece[];
  /** The bytes of the ranges of each. */
  readonly parts: readonly (readonly Uint8Array[])[];
}

/**
 * Decodes a place: at once, or by a promise where our decoder does not know a column.
 *
 * @throws RangeError where it is damaged, or its cells are none.
 */
export function decodePlace(
  bench: Bench,
  planned: PlannedPlace,
  loaded: Loaded,
): Promise<void> | undefined {
  if (loaded.pieces.every(({ chunk }) => isFast(chunk))) {
    return void append(bench, planned, fastColumns(loaded));
  }
  return slowColumns(bench, planned, loaded).then((columns) => append(bench, planned, columns));
}

/** A column of a place that is there to be appended. */
interface Appendable extends ListColumn {
  readonly codes: (target: CodeTarget) => void;
}

function append(
  { settings, staging, codes, makeCells }: Bench,
  { place }: PlannedPlace,
  [genes, values, ...singles]: readonly Appendable[],
): void {
  const { row, from } = place, rows = { from: row, to: row + place.to - from, first: from };
  makeCells(staging, rows, [genes, values]);
  if (settings.genes) projectRows(staging, rows, settings.genes);
  codes.forEach((codeOf, c) => singles[c].codes({ codes: staging.codes[c], row, codeOf }));
}

const fastColumns = ({ pieces, parts }: Loaded): Appendable[] =>
  pieces.map((piece, i) => ({
    whole: piece.chunk.leaf.type === "INT32",
    entries: () => entriesIn(piece, parts[i]),
    lists: (target) => void decodePieceInto(target, piece, parts[i]),
    codes: (target) => decodeLabelsInto(target, piece, parts[i]),
  }));

async function slowColumns(
  { shelf, settings }: Bench,
  { place }: PlannedPlace,
  loaded: Loaded,
): Promise<Appendable[]> {
  const columns = fastColumns(loaded), names = columnNames(settings);
  const reader = await shelf.slow(place.shard);
  for (const [i, { chunk }] of loaded.pieces.entries()) {
    if (isFast(chunk)) continue;
    const column: SlowColumn = await reader.read(names[i], place.group, place);
    columns[i] = {
      whole: columns[i].whole,
      entries: () => slowEntries(column),
      lists: (target) => appendLists(target, column),
      codes: (target) => appendCodes(target, column),
    };
  }
  return columns;
}
