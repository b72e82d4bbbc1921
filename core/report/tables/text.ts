/**
 * The table for a terminal.
 *
 * @module
 */

import { captionOf } from "./caption.ts";
import { type Cells, cellsOf, columns, oneLine } from "./cells.ts";
import type { Results } from "../results.ts";
import { wrap } from "../wrap.ts";

/**
 * The table as lines of at most `width` characters, where names allow it: the spread stands behind
 * the mean, or below it where that is too wide, or the evaluators stand one below the other.
 */
export function textTable(results: Results, width: number): string[] {
  const table = cellsOf(results);
  const all = table.groups.map((_, i) => i);
  const caption = captionOf(results).flatMap((sentence) => wrap(sentence, 2, width));
  for (const spread of ["beside", "below"] as const) {
    const lines = layOut(table, all, spread);
    if (lines.every((line) => line.length <= width)) return [...lines, ...caption];
  }
  return [...all.flatMap((group) => [...layOut(table, [group], "below"), ""]), ...caption];
}

type SpreadStands = "beside" | "below";

function layOut(table: Cells, groups: readonly number[], spread: SpreadStands): string[] {
  const grid = gridOf(table, groups, spread);
  const widths = grid[0].map((_, column) => Math.max(...grid.map((line) => line[column].length)));
  const first = (i: number) => NAMES + i * columns.length;
  const titles = groups.map((group) => table.groups[group]).map(({ name, unit }) => [name, unit]);
  titles.forEach((title, i) => {
    const wanted = Math.max(...title.map((line) => line.length));
    widths[first(i)] += Math.max(0, wanted - span(widths, first(i)));
  });

  const names = widths[0] + widths[1] + GAP.length;
  const heads = [0, 1].map((line) =>
    " ".repeat(names) +
    titles.map((title, i) => WIDE_GAP + centred(title[line], span(widths, first(i)))).join("")
  );
  const lines = grid.map((line) =>
    line.map((text, column) => {
      if (column < NAMES) return text.padEnd(widths[column]) + (column === 0 ? GAP : "");
      const gap = (column - NAMES) % columns.length === 0 ? WIDE_GAP : GAP;
      return gap + text.padStart(widths[column]);
    }).join("")
  );
  const rule = "─".repeat(Math.max(...lines.map((line) => line.length)));
  return [...heads, lines[0], rule, ...lines.slice(1), rule].map((line) => line.trimEnd());
}

/** Columns that hold names: method and genes. */
const NAMES = 2;
const GAP = "  ", WIDE_GAP = "    ";

/** The headings and every line of every row, column by column. */
function gridOf({ rows }: Cells, groups: readonly number[], spread: SpreadStands): string[][] {
  const heading = ["method", "genes", ...groups.flatMap(() => columns)];
  return [
    heading,
    ...rows.flatMap(({ method, set, cells }, i) => {
      const shown = groups.flatMap((group) =>
        cells.slice(group * columns.length, (group + 1) * columns.length)
      );
      const name = method === rows[i - 1]?.method ? "" : method;
      if (spread === "beside") return [[name, set, ...shown.map(oneLine)]];
      const below = shown.map((cell) => cell?.sd === undefined ? "" : `±${cell.sd}`);
      const means = [name, set, ...shown.map((cell) => cell?.mean ?? "–")];
      return below.every((sd) => sd === "") ? [means] : [means, ["", "", ...below]];
    }),
  ];
}

/** Width of the group of columns that begins at `first`. */
const span = (widths: readonly number[], first: number): number =>
  widths.slice(first, first + columns.length).reduce((sum, width) => sum + width + GAP.length, 0) -
  GAP.length;

const centred = (text: string, width: number): string =>
  text.padStart(text.length + Math.floor((width - text.length) / 2)).padEnd(width);
