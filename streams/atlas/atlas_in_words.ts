/**
 * Atlases as lines to read.
 *
 * @module
 */

import { wrap } from "../../core/report/wrap.ts";
import type { Description } from "./describe_atlas.ts";
import type { CellSummary } from "./head_of.ts";
import type { Manifest } from "./manifest.ts";

/** Categories of a column that are named. */
const NAMED = 12;

/** What an atlas holds, as lines of at most `columns` characters where words allow it. */
export function atlasInWords(atlas: Description, columns: number): string[] {
  const values = atlas.values === "counts" ? "counts" : "log1p of normalised counts";
  const facts = [
    ["cells", `${count(atlas.cells)}, ${atlas.order}`],
    ["genes", `${count(atlas.genes)} (vocabulary ${atlas.vocabularyHash.slice(0, 12)})`],
    ["values", values],
    [
      "files",
      `${counted(atlas.shards.length, "shard")}, ${counted(atlas.rowGroups, "row group")}, ` +
      bytesInWords(atlas.bytes),
    ],
    ["from", atlas.provenance],
    ...atlas.columns.map((column) => [column.name, categoriesInWords(column)]),
    ...(atlas.numbers.length > 0 ? [["numbers", atlas.numbers.join(", ")]] : []),
  ];
  const width = Math.max(...facts.map(([name]) => name.length)) + 2;
  return [
    atlas.folder,
    ...facts.flatMap(([name, text]) => wrap(name.padEnd(width) + text, width, columns)),
  ];
}

/** What has been written, as one line. */
export const writtenInWords = (folder: string, { cells, vocabulary, shards }: Manifest): string =>
  `Atlas "${folder}": ${counted(cells, "cell")}, ${counted(vocabulary.genes, "gene")}, ` +
  counted(shards.length, "shard");

/** The first cells: a paragraph each, what is said of them and their most expressed genes. */
export function cellsInWords(cells: readonly CellSummary[], columns: number): string[] {
  return cells.flatMap(({ cell, obs, genes, total, top }) => {
    const said = Object.entries(obs).filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name} ${value}`);
    const most = top.map(({ gene, value }) => `${gene} ${number(value)}`).join(", ");
    return [
      ...wrap(
        [`cell ${cell}: ${counted(genes, "gene")}, total ${number(total)}`, ...said].join("; "),
        2,
        columns,
      ),
      ...wrap(`  most expressed: ${most || "nothing"}`, 4, columns),
    ];
  });
}

/** The most frequent categories with their cells, then how many are left. */
function categoriesInWords({ categories, missing }: Description["columns"][number]): string {
  const ordered = categories.toSorted((a, b) => b.cells - a.cells);
  const named = ordered.slice(0, NAMED).map(({ name, cells }) => `${name} (${count(cells)})`);
  if (ordered.length > NAMED) named.push(`and ${count(ordered.length - NAMED)} more`);
  if (missing > 0) named.push(`none (${count(missing)})`);
  return `${counted(categories.length, "category", "categories")}: ${named.join(", ")}`;
}

const count = (n: number): string => n.toLocaleString("en");
const counted = (n: number, one: string, many = `${one}s`): string =>
  `${count(n)} ${n === 1 ? one : many}`;
const number = (value: number): string => value.toLocaleString("en", { maximumFractionDigits: 3 });

/** A size in the unit that leaves one to three digits before the point. */
function bytesInWords(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  return `${(bytes / 1000 ** power).toPrecision(3)} ${units[power]}`;
}
