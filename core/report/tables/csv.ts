/**
 * The table for other programs.
 *
 * @module
 */

import { type Results, rowsOf } from "../results.ts";

const HEADINGS = ["run", "method", "genes", "evaluator", "unit"];
const MEASURES = ["learned", "end", "change"] as const;

/**
 * The heading, then a line a method, gene set and evaluator: mean, standard deviation and number of
 * seeds of each measure, in full precision; nothing where nothing was measured (RFC 4180).
 */
export function csvTable(results: Results): string[] {
  const { experiment, evaluators } = results.run;
  const numbers = MEASURES.flatMap((name) => [`${name}_mean`, `${name}_sd`, `${name}_seeds`]);
  return [
    [...HEADINGS, ...numbers].join(","),
    ...rowsOf(results).flatMap(({ method, set, measures }) =>
      measures.map((measure, i) =>
        [
          ...[experiment, method, set, evaluators[i].name, evaluators[i].unit].map(quoted),
          ...MEASURES.flatMap((name) => {
            const spread = measure[name];
            if (spread === undefined) return ["", "", ""];
            return [String(spread.mean), spread.n > 1 ? String(spread.sd) : "", String(spread.n)];
          }),
        ].join(",")
      )
    ),
  ];
}

const quoted = (text: string): string =>
  /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
