/**
 * Named weights as lines of text.
 *
 * @module
 */

import type { Found } from "./find_weights.ts";
import { WHOSE } from "./names.ts";

/** Names of numbers that a model keeps and does not learn. */
const STATISTICS = /\.(running_(mean|var)|num_batches_tracked)$/;

/** The arrays of a file: names, shapes and numbers, and how many parameters that is in all. */
export function weightsInWords({ tensors, names, file }: Found): string[] {
  const rows = [...tensors].map(([name, { shape, values }]) =>
    [name, shape.join(" × ") || "one number", whole(values.length)] as const
  );
  const titles = ["name", "shape", "numbers"] as const;
  const widths = titles.map((_, i) => Math.max(...[titles, ...rows].map((row) => row[i].length)));
  const line = ([name, shape, numbers]: typeof titles | typeof rows[number]) =>
    `${name.padEnd(widths[0])}  ${shape.padEnd(widths[1])}  ${numbers.padStart(widths[2])}`;
  const rule = "─".repeat(line(titles).length);
  return [
    `"${file}", ${WHOSE[names]}:`,
    line(titles),
    rule,
    ...rows.map(line),
    rule,
    countOf(tensors),
  ];
}

/** Parameters and running statistics, in a sentence. */
function countOf(tensors: Found["tensors"]): string {
  let parameters = 0, statistics = 0;
  for (const [name, { values }] of tensors) {
    if (STATISTICS.test(name)) statistics += values.length;
    else parameters += values.length;
  }
  const kept = statistics > 0 ? `, and ${whole(statistics)} running statistics` : "";
  return `${whole(parameters)} parameters in ${tensors.size} arrays${kept}`;
}

const whole = (n: number): string => n.toLocaleString("en");
