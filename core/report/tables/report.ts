/**
 * Everything that is said about a run when it ends, in the format that is asked for.
 *
 * @module
 */

import { printable } from "../printable.ts";
import type { Results } from "../results.ts";
import { runInWords } from "../run_in_words.ts";
import { wordsOf } from "../words.ts";
import { wrap } from "../wrap.ts";
import { csvTable } from "./csv.ts";
import type { Format } from "./format.ts";
import { latexTable } from "./latex.ts";
import { escaped, markdownTable } from "./markdown.ts";
import { textTable } from "./text.ts";

/** The lines of a report; `columns` is the width of text, the other formats ignore it. */
export function reportOf(results: Results, format: Format, columns: number): string[] {
  if (format === "csv") return csvTable(results);
  if (format === "latex") return latexTable(results);
  const isJudged = results.scores.length > 0;
  const run = runInWords(results);
  const words = isJudged ? wordsOf(results) : ["No model has been judged yet."];
  if (format === "markdown") {
    const table = isJudged ? [...markdownTable(results), ""] : [];
    return [run.map(escaped).join(" "), "", ...table, ...words.map((line) => `- ${escaped(line)}`)];
  }
  const table = isJudged ? [...textTable(results, columns), ""] : [];
  const wrapped = (lines: readonly string[]) => lines.flatMap((line) => wrap(line, 2, columns));
  return [...wrapped(run), "", ...table, ...wrapped(words)].map(printable);
}

/** The reports of several runs one after the other; as CSV, one table. */
export function reportsOf(runs: readonly Results[], format: Format, columns: number): string[] {
  return runs.flatMap((run, i) => {
    const lines = reportOf(run, format, columns);
    if (i === 0) return lines;
    return format === "csv" ? lines.slice(1) : ["", ...lines];
  });
}
