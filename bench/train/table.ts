/**
 * Figures as Markdown.
 *
 * @module
 */

import type { ProductRate, Row } from "./rows.ts";

/** Lines of a table; the first columns are text, the others are numbers. */
export function tableLines(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  texts = 2,
): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => i < texts ? "---" : "--:")), ...rows.map(line)];
}

/** The table of training steps. */
export function rowLines(rows: readonly Row[]): string[] {
  const head = [
    "size",
    "program",
    "ms a step",
    "cells/s",
    "GFLOP/s",
    "of products",
    "times torch",
    "peak MB",
  ];
  return tableLines(
    head,
    rows.map(({ size, program, name, figures }) => {
      if (!figures) return [size, program, name, "", "", "", "", ""];
      const { milliseconds, cellsPerSecond, rate, share, timesTorch, peak, doubts } = figures;
      return [
        size,
        doubts ? `${program} (${doubts})` : program,
        spread(milliseconds),
        short(cellsPerSecond),
        short(rate / 1e9),
        share === undefined ? "–" : `${Math.round(100 * share)} %`,
        timesTorch === undefined ? "–" : timesTorch.toFixed(2),
        megabytes(peak),
      ];
    }),
  );
}

/** The rates at which large matrices are multiplied, in one line. */
export function productLine(products: readonly ProductRate[]): string {
  const each = products.map(({ program: { name, precision }, rate }) =>
    `${name} ${short(rate / 1e9)} GFLOP/s in ${precision}`
  );
  return `Products of large matrices: ${each.join(", ")}.`;
}

/** A median with its range. */
export const spread = ([middle, least, most]: readonly [number, number, number]): string =>
  `${short(middle)} (${short(least)}–${short(most)})`;

/** Three digits where the number has not more before the point. */
export const short = (n: number): string => n >= 100 ? n.toFixed(0) : n.toPrecision(3);

/** Bytes as megabytes; a dash where they are not known. */
export const megabytes = (bytes: number): string => bytes > 0 ? (bytes / 2 ** 20).toFixed(0) : "–";
