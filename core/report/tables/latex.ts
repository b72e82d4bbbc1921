/**
 * The table for a paper.
 *
 * @module
 */

import { captionOf } from "./caption.ts";
import { type Cell, cellsOf, columns } from "./cells.ts";
import { printableText } from "../printable.ts";
import type { Results } from "../results.ts";

/** A LaTeX table for the package booktabs. */
export function latexTable(results: Results): string[] {
  const { groups, rows } = cellsOf(results);
  const from = (i: number) => 3 + i * columns.length;
  const over = groups.map(({ name, unit }) =>
    `\\multicolumn{${columns.length}}{c}{${escaped(`${name} (${unit})`)}}`
  );
  const rules = groups.map((_, i) => `\\cmidrule(lr){${from(i)}-${from(i) + columns.length - 1}}`);
  const line = (cells: readonly string[]) => `${cells.join(" & ")} \\\\`;
  return [
    "\\begin{table}",
    "\\centering",
    `\\caption{${escaped(captionOf(results).join(" "))}}`,
    `\\begin{tabular}{ll${groups.map(() => "r".repeat(columns.length)).join("")}}`,
    "\\toprule",
    line(["", "", ...over]),
    rules.join(""),
    line(["method", "genes", ...groups.flatMap(() => columns.map(escaped))]),
    "\\midrule",
    ...rows.map(({ method, set, cells }) =>
      line([escaped(method), escaped(set), ...cells.map(math)])
    ),
    "\\bottomrule",
    "\\end{tabular}",
    "\\end{table}",
  ];
}

function math(cell: Cell | undefined): string {
  if (cell === undefined) return "--";
  const text = cell.sd === undefined ? cell.mean : `${cell.mean} \\pm ${cell.sd}`;
  return `$${text.replaceAll("−", "-")}$`;
}

const SPECIAL: Readonly<Record<string, string>> = {
  "\\": "\\textbackslash{}",
  "~": "\\textasciitilde{}",
  "^": "\\textasciicircum{}",
  "Δ": "$\\Delta$",
  "λ": "$\\lambda$",
  "±": "$\\pm$",
  "−": "$-$",
  "–": "--",
  // Text fonts have ¡, ¿ and — in their places.
  "<": "\\textless{}",
  ">": "\\textgreater{}",
  "|": "\\textbar{}",
  // LaTeX has no sign for what cannot be printed.
  "\ufffd": "?",
};

/** Keeps names from being commands. */
const escaped = (text: string): string =>
  printableText(text).replace(
    /[\\~^Δλ±−–<>|\ufffd]|[&%$#_{}]/g,
    (character) => SPECIAL[character] ?? `\\${character}`,
  );
