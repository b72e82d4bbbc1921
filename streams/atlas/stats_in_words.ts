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
    ...quantilesInWords(stats, columns),
    ...facts.slice(4).flatMap(said),
  ];
}

/** A table in lines of about `columns` characters: a row for each quantity, a column for each share of the cells. */
function quantilesInWords(
  { nonZerosPerCell, librarySizes, values }: AtlasStats,
  columns: number,
): string[] {
  const rows: [string, Quantiles][] = [
    ["genes in a cell", nonZerosPerCell],
    [values === "counts" ? "library size" : "sum of its values", librarySizes],
  ];
  const table = [
    ["share of cells", ...SHARES.map((share) => `${100 * share} %`)],
    ...rows.map(([name, quantiles]) => [name, ...quantiles.map((n) => count(Math.round(n)))]),
  ];
  const width = Math.max(...table.map(([name]) => name.length));
  const longest = Math.max(...table.flatMap(([, ...words]) => words.map(({ length }) => length)));
  const room = Math.min(10, Math.floor((columns - width) / SHARES.length));
  const each = Math.max(room, longest + 2);
  return table.map(([name, ...words]) =>
    name.padEnd(width) + words.map((word) => word.padStart(each)).join("")
  );
}
