/**
 * Made-up cells as an h5ad file that every program of the bench can read.
 *
 * @module
 */

import { resolve } from "node:path";
import * as h5 from "h5wasm/node";
import type { Group } from "h5wasm/node";
import type { MadeUp } from "./made_up.ts";

/** Entries that a chunk of the file holds. */
const CHUNK = 2 ** 20;

/** Writes the cells, uncompressed, as AnnData lays them out; memory holds a batch and the columns. */
export async function writeH5ad(
  path: string,
  { symbols, columns, batches }: MadeUp,
): Promise<void> {
  await h5.ready;
  const file = new h5.File(resolve(path), "w");
  mark(file, "anndata", "0.1.0");
  const x = file.create_group("X");
  const add = (name: string, type: string) => {
    const empty = {
      data: numbers[type],
      shape: [0],
      maxshape: [null],
      chunks: [CHUNK],
      dtype: type,
    };
    x.create_dataset({ name, ...empty });
    return x.get(name) as h5.Dataset;
  };
  const data = add("data", "<f"), indices = add("indices", "<i"), indptr = [0];
  const codes = columns.map((): number[] => []);
  let entries = 0;
  for await (const batch of batches()) {
    const from = entries;
    entries += batch.genes.length;
    for (const array of [data, indices]) array.resize([entries]);
    data.write_slice([[from, entries]], batch.values);
    indices.write_slice([[from, entries]], Int32Array.from(batch.genes));
    for (let i = 1; i < batch.offsets.length; i++) indptr.push(from + batch.offsets[i]);
    columns.forEach(({ name }, c) => codes[c].push(...batch.obs[name]));
  }
  const cells = indptr.length - 1;
  x.create_dataset({ name: "indptr", data: BigInt64Array.from(indptr, BigInt) });
  mark(x, "csr_matrix", "0.1.0");
  x.create_attribute("shape", BigInt64Array.of(BigInt(cells), BigInt(symbols.length)));
  const obs = table(file, "obs", {
    index: Array.from({ length: cells }, (_, i) => `c${i}`),
    columns: columns.map(({ name }) => name),
  });
  // As texts and not as categories, for which AnnData wants an attribute of HDF5's enumerated type.
  columns.forEach(({ name, categories }, c) => {
    strings(obs, name, codes[c].map((code) => categories[code]));
  });
  const genes = table(file, "var", { index: symbols, columns: ["symbol"] });
  strings(genes, "symbol", symbols);
  file.close();
}

/** Empty arrays by the names that HDF5 has for their numbers. */
const numbers: Readonly<Record<string, Float32Array | Int32Array>> = {
  "<f": new Float32Array(0),
  "<i": new Int32Array(0),
};

function table(
  above: Group,
  name: string,
  { index, columns }: { readonly index: readonly string[]; readonly columns: readonly string[] },
): Group {
  const group = above.create_group(name);
  mark(group, "dataframe", "0.2.0");
  group.create_attribute("_index", "_index");
  group.create_attribute("column-order", [...columns]);
  strings(group, "_index", index);
  return group;
}

function strings(above: Group, name: string, data: readonly string[]): void {
  above.create_dataset({ name, data: [...data] });
  mark(above.get(name) as h5.Dataset, "string-array", "0.2.0");
}

/** How AnnData knows what a part of the file is. */
function mark(part: Group | h5.Dataset, type: string, version: string): void {
  part.create_attribute("encoding-type", type);
  part.create_attribute("encoding-version", version);
}
