/**
 * Atlases as lines to read.
 *
 * @module
 */

import { wrap } from "../../core/report/wrap.ts";
import type { Description } from "./describe_atlas.ts";
import { bytesInWords, count, counted, number } from "./figures.ts";
import type { CellSummary } from "./head_of.ts";
import type { Labels } from "./label_counts.ts";
import type { Manifest } from "./manifest.ts";

/** Categories of a column that are named, and how much is shown of one. */
const NAMED = 12, SHOWN = 60;

/** What an atlas holds, as lines of at most `columns` characters where words allow it. */
export function atlasInWords(atlas: Description, columns: number): string[] {
  const values = atlas.values === "counts" ? "counts" : "log1p of normalised counts";
  const facts = [
    ["cells", `${count(atlas.cells)}, ${orderInWords(atlas)}`],
    ["genes", `${count(atlas.genes)} (vocabulary ${atlas.vocabularyHash.slice(0, 12)})`],
    ["values", values],
    [
      "files",
      `${counted(atlas.shards.length, "shard")}, ${counted(atlas.rowGroups, "row group")}, ` +
      bytesInWords(atlas.bytes),
    ],
    ["pages", pagesInWords(atlas.stored)],
    ["read by", readersInWords(atlas.stored)],
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

/** "as given", "shuffled", or "shuffled with the seed 1". */
const orderInWords = ({ order, seed }: Pick<Manifest, "order" | "seed">): string =>
  seed === undefined ? order : `${order} with the seed ${seed}`;

/** How finely the lists can be read. */
function pagesInWords(stored: Description["stored"]): string {
  const [genes, counts] = stored, pages = Math.min(genes.pages, counts.pages);
  return genes.indexed === genes.rowGroups && counts.indexed === counts.rowGroups
    ? `${count(pages)} of genes and as many of values that can be read alone`
    : "none that can be read alone: a row group is read as a whole";
}

/** Which columns are read in which way. */
function readersInWords(stored: Description["stored"]): string {
  const slow = stored.filter(({ fast, rowGroups }) => fast < rowGroups);
  if (slow.length === 0) return "the decoder of gil, all columns";
  const named = slow.map(({ name, encodings, codecs }) =>
    `"${name}" (${[...codecs, ...encodings].join(", ")})`
  );
  return `the decoder of gil, but for ${named.join(", ")}: several times slower, by parquet-wasm`;
}

/** What has been written, as one line. */
export const writtenInWords = (folder: string, { cells, vocabulary, shards }: Manifest): string =>
  `Atlas "${folder}": ${counted(cells, "cell")}, ${counted(vocabulary.genes, "gene")}, ` +
  counted(shards.length, "shard");

/** The first cells: a paragraph each, what is said of them and their most expressed genes. */
export function cellsInWords(cells: readonly CellSummary[], columns: number): string[] {
  return cells.flatMap(({ cell, obs, genes, total, top }) => {
    const said = Object.entries(obs).filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name} ${short(String(value))}`);
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
export function categoriesInWords({ categories, missing }: Labels): string {
  const ordered = categories.toSorted((a, b) => b.cells - a.cells);
  const named = ordered.slice(0, NAMED).map(({ name, cells }) =>
    `${short(name)} (${count(cells)})`
  );
  if (ordered.length > NAMED) named.push(`and ${count(ordered.length - NAMED)} more`);
  if (missing > 0) named.push(`none (${count(missing)})`);
  return `${counted(categories.length, "category", "categories")}: ${named.join(", ")}`;
}

/** The beginning of a long name. */
const short = (name: string): string =>
  name.length <= SHOWN ? name : `${[...name.slice(0, 2 * SHOWN)].slice(0, SHOWN - 1).join("")}…`;
