/**
 * The table for a Markdown document.
 *
 * @module
 */

import { captionOf } from "./caption.ts";
import { cellsOf, columns, oneLine } from "./cells.ts";
import { printableText } from "../printable.ts";
import type { Results } from "../results.ts";

/** The table in GitHub's dialect, then its caption as a paragraph. */
export function markdownTable(results: Results): string[] {
  const { groups, rows } = cellsOf(results);
  const headings = groups.flatMap(({ name, unit }) =>
    columns.map((column, i) => i === 0 ? `${name} (${unit}): ${column}` : column)
  );
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(" | ")} |`;
  return [
    line(["method", "genes", ...headings]),
    `| --- | --- |${headings.map(() => " ---: |").join("")}`,
    ...rows.map(({ method, set, cells }) => line([method, set, ...cells.map(oneLine)])),
    "",
    captionOf(results).map(escaped).join(" "),
  ];
}

/** Keeps names from ending a cell, or starting markup. */
export const escaped = (text: string): string =>
  printableText(text).replace(/[\\`*_{}[\]<>|#]/g, "\\$&");
