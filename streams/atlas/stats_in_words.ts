/**
 * What the cells of an atlas are like, as lines to read.
 *
 * @module
 */

import { wrap } from "../../core/report/wrap.ts";
import { categoriesInWords } from "./atlas_in_words.ts";
import { type AtlasStats, type Quantiles, SHARES } from "./atlas_stats.ts";
import { bytesInWords, count, number } from "./figures.ts";

/** Counts, a table of quantiles, genes and labels, in lines of at most `columns` characters. */
export function statsInWords(stats: AtlasStats, columns: number): string[] {
  const { cells, genes, nonZeros, bytes, neverExpressed, mostExpressed, labels } = stats;
  const share = (part: number) => `${(100 * part / cells).toFixed(1)} %`;
  const most = mostExpressed.map(({ gene, cells }) => `${gene} ${share(cells)}`).join(", ");
  const facts = [
    ["cells", count(cells)],
    [
      "genes",
      count(genes) + (neverExpressed > 0 ? `, ${count(neverExpressed)} in no cell` : ""),
    ],
    ["non-zeros", `${count(nonZeros)}, ${number(nonZeros / cells)} a cell`],
    [
      "bytes",
      `${bytesInWords(bytes)}, ${bytesInWords(stats.bytesPerCell)} a cell` +
      (nonZeros > 0 ? `, ${stats.bytesPerNonZero.toPrecision(3)} a non-zero` : ""),
    ],
    ["in most cells", most || "nothing"],
    ...labels.map((column) => [column.name, categoriesInWords(column)]),
  ];
  const width = Math.max(...facts.map(([name]) => name.length)) + 2;
  const said = ([name, text]: string[]) => wrap(name.padEnd(width) + text, width, columns);
  return [
    stats.folder,
    ...facts.slice(0, 4).flatMap(said),
    ...quantilesInWords(stats),
    ...facts.slice(4).flatMap(said),
  ];
}

/** A table: a row for each quantity, a column for each share of the cells. */
function quantilesInWords({ nonZerosPerCell, librarySizes, values }: AtlasStats): string[] {
  const rows: [string, Quantiles][] = [
    ["genes in a cell", nonZerosPerCell],
    [values === "counts" ? "library size" : "sum of its values", librarySizes],
  ];
  const head = SHARES.map((share) => `${100 * share} %`);
  const width = Math.max(...rows.map(([name]) => name.length), "share of cells".length);
  const line = (name: string, words: readonly string[]) =>
    name.padEnd(width) + words.map((word) => word.padStart(10)).join("");
  return [
    line("share of cells", head),
    ...rows.map(([name, quantiles]) => line(name, quantiles.map((n) => count(Math.round(n))))),
  ];
}
