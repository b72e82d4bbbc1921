/**
 * Figures of readers as Markdown.
 *
 * @module
 */

import { megabytes, short, tableLines } from "../train/table.ts";
import type { Figures, Row } from "./figures.ts";

/** The columns that a table may have, by their heads. */
const columns: Readonly<Record<string, (figures: Figures) => string>> = {
  "cells/s": ({ cellsPerSecond: [middle, least, most] }) =>
    `${thousands(middle)} (${thousands(least)}–${thousands(most)})`,
  "cells/CPU-s": ({ cellsPerCpuSecond }) => thousands(cellsPerCpuSecond),
  cores: ({ cores }) => cores.toFixed(2),
  "times annbatch": ({ timesAnnbatch }) => timesAnnbatch?.toFixed(2) ?? "–",
  "first batch s": ({ first }) => first.toFixed(2),
  "peak MB": ({ peak }) => megabytes(peak),
  entropy: ({ entropy }) => Number.isNaN(entropy) ? "–" : entropy.toFixed(3),
  "MB from disk": ({ disk }) => megabytes(disk),
  "ms waited": ({ waits: [middle, most] }) => `${short(middle)} (most ${short(most)})`,
};

/** Which columns a table has, by what is measured. */
export const heads = {
  warm: [
    ...["cells/s", "cells/CPU-s", "cores", "times annbatch", "first batch s", "peak MB"],
    "entropy",
  ],
  cold: ["cells/s", "cells/CPU-s", "cores", "MB from disk", "peak MB"],
  paused: ["cells/s", "ms waited", "cores", "peak MB"],
} as const;

/** The table of readers with these columns. */
export function rowLines(rows: readonly Row[], of: readonly (keyof typeof columns)[]): string[] {
  return tableLines(
    ["reader", "versions", ...of],
    rows.map(({ program, name, figures }) => [
      figures?.doubts ? `${program} (${figures.doubts})` : program,
      name,
      ...of.map((head) => figures ? columns[head](figures) : ""),
    ]),
  );
}

const thousands = (n: number): string => `${(n / 1000).toFixed(1)}k`;
