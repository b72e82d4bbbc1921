/**
 * The cells of one place, from bytes to the staging area, checked.
 *
 * @module
 */

import { COUNTS, GENES } from "../../atlas/layout.ts";
import { isFast } from "../../parquet/chunk.ts";
import { decodePieceInto, entriesIn, type ListTarget } from "../../parquet/decode_piece.ts";
import { type CodeTarget, decodeCodesInto } from "../../parquet/decode_single.ts";
import type { Piece } from "../../parquet/piece.ts";
import type { SlowColumn } from "../../parquet/slow_column.ts";
import { checkRows } from "./check_rows.ts";
import type { PlannedPlace } from "./loads.ts";
import { projectRows } from "./project_rows.ts";
import type { ReaderSettings } from "./reader_settings.ts";
import { appendCodes, appendLists, slowEntries } from "./slow_columns.ts";
import type { Bench } from "./stage_window.ts";
import { reserveEntries } from "./staging.ts";

/** The columns that places are made of, in their order. */
export const columnNames = ({ columns }: Pick<ReaderSettings, "columns">): string[] => [
  GENES,
  COUNTS,
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
interface Appendable {
  readonly entries: () => number;
  readonly lists: (target: ListTarget) => void;
  readonly codes: (target: CodeTarget) => void;
}

function append(
  { settings, staging, codes }: Bench,
  { shard, place }: PlannedPlace,
  [genes, values, ...singles]: readonly Appendable[],
): void {
  const { row } = place, rows = { from: row, to: row + place.to - place.from };
  const entry = row === 0 ? 0 : staging.offsets[row];
  reserveEntries(staging, entry + Math.max(genes.entries(), values.entries()));
  const { offsets, others } = staging;
  const falls = { of: "falls" as const, count: NaN },
    faults = { of: "faults" as const, count: NaN };
  genes.lists({ offsets, row, values: staging.genes, entry, findings: falls });
  values.lists({ offsets: others, row, values: staging.values, entry, findings: faults });
  const whole = shard.columns.get(COUNTS)!.leaf.type === "INT32";
  const found = { falls: falls.count, faults: faults.count };
  checkRows(staging, { ...rows, whole, ...found }, settings.layout);
  if (settings.genes) projectRows(staging, rows, settings.genes);
  codes.forEach((codeOf, c) => singles[c].codes({ codes: staging.codes[c], row, codeOf }));
}

const fastColumns = ({ pieces, parts }: Loaded): Appendable[] =>
  pieces.map((piece, i) => ({
    entries: () => entriesIn(piece, parts[i]),
    lists: (target) => void decodePieceInto(target, piece, parts[i]),
    codes: (target) => decodeCodesInto(target, piece, parts[i]),
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
      entries: () => slowEntries(column),
      lists: (target) => appendLists(target, column),
      codes: (target) => appendCodes(target, column),
    };
  }
  return columns;
}
