/**
 * Everything that is said about a run when it ends, in the format that is asked for.
 *
 * @module
 */

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
  const sentences = [runInWords(results), wordsOf(results)];
  switch (format) {
    case "csv":
      return csvTable(results);
    case "latex":
      return latexTable(results);
    case "markdown": {
      const [run, words] = sentences.map((lines) => lines.map(escaped));
      return [
        run.join(" "),
        "",
        ...markdownTable(results),
        "",
        ...words.map((line) => `- ${line}`),
      ];
    }
    case "text": {
      const [run, words] = sentences.map((lines) =>
        lines.flatMap((line) => wrap(line, 2, columns))
      );
      return [...run, "", ...textTable(results, columns), "", ...words];
    }
  }
}

/** The reports of several runs one after the other; as CSV, one table. */
export function reportsOf(runs: readonly Results[], format: Format, columns: number): string[] {
  return runs.flatMap((run, i) => {
    const lines = reportOf(run, format, columns);
    if (i === 0) return lines;
    return format === "csv" ? lines.slice(1) : ["", ...lines];
  });
}
