/**
 * Makes what `mixology_pbmc3k.jsonc` reads: the atlas of the two data sets with the reference's 2,000
 * genes, and the reference's split of genes and cells.
 *
 * `deno task mixology <folder of the reference's numbers> <folder of the data sets>`
 *
 * @module
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The parts of the reference's record that say what was trained on what. */
interface Record {
  readonly datasets: { readonly corpus: readonly string[] };
  readonly vocab_genes: readonly string[];
  readonly T1_symbols: readonly string[];
  readonly T2_symbols: readonly string[];
  readonly eval_cells: Cells;
  readonly train_cells: Cells;
  readonly stage_train_positions: readonly (readonly number[])[];
}
interface Cells {
  readonly dataset_index: readonly number[];
  readonly row: readonly number[];
}

/** Cells of the data sets in the order in which the record numbers them. */
const CELLS = [1408, 2700];

const [fixtures, data] = Deno.args;
if (fixtures === undefined || data === undefined) {
  console.error("Cannot make the atlas: name the folder of gil_run.json and that of the data sets");
  Deno.exit(2);
}
const { config: record }: { readonly config: Record } = JSON.parse(
  readFileSync(join(fixtures, "gil_run.json"), "utf8"),
);
const folder = join(import.meta.dirname!, "../runs/mixology_pbmc3k");
mkdirSync(folder, { recursive: true });

const rowOf = (cells: Cells) => (i: number) =>
  cells.row[i] + CELLS.slice(0, cells.dataset_index[i]).reduce((sum, n) => sum + n, 0);
const all = (cells: Cells) => cells.row.map((_, i) => rowOf(cells)(i));
writeFileSync(
  join(folder, "split.json"),
  JSON.stringify({
    stages: [
      { name: "T1", genes: record.T1_symbols },
      { name: "T2", genes: record.T2_symbols },
    ],
    heldOut: all(record.eval_cells),
    cells: record.stage_train_positions.map((positions) =>
      positions.map(rowOf(record.train_cells))
    ),
  }),
);
writeFileSync(join(folder, "genes.txt"), record.vocab_genes.join("\n") + "\n");

const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["task", "gil", "atlas", "import"].concat(
    record.datasets.corpus.map((name) => join(data, name, `${name}.h5ad`)),
    ["--output", join(folder, "atlas"), "--genes", join(folder, "genes.txt")],
    // The reference's split names rows.
    ["--duplicates", "first", "--keep-order"],
  ),
}).spawn().status;
Deno.exit(code);
