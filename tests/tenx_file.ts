/**
 * Small files as Cell Ranger writes them.
 *
 * @module
 */

import * as h5 from "h5wasm/node";
import { compress, type Dense } from "./data_files.ts";

await h5.ready;

/** What is known of the features; of version 2, only the genomes' groups. */
export interface TenxNames {
  readonly genes: readonly string[];
  /** Type of each feature; all are genes unless given. */
  readonly types?: readonly string[];
  /** Genome of each feature; all of one unless given. */
  readonly genomes?: readonly string[];
}

/** Writes a file of version 3 and returns its path. */
export function writeTenx(path: string, rows: Dense, { genes, types, genomes }: TenxNames): string {
  const file = new h5.File(path, "w");
  const matrix = writeMatrix(file, "matrix", rows);
  const features = matrix.create_group("features");
  writeTexts(features, "id", genes.map((_, i) => `ENSG${i}`));
  writeTexts(features, "name", genes);
  writeTexts(features, "feature_type", types ?? genes.map(() => "Gene Expression"));
  writeTexts(features, "genome", genomes ?? genes.map(() => "GRCh38"));
  file.close();
  return path;
}

/** Writes a file of version 2, one group a genome, and returns its path. */
export function writeOldTenx(
  path: string,
  rows: Dense,
  { genes, genomes = ["mm10"] }: TenxNames,
): string {
  const file = new h5.File(path, "w");
  for (const genome of genomes) {
    const group = writeMatrix(file, genome, rows);
    writeTexts(group, "genes", genes.map((_, i) => `ENSG${i}`));
    writeTexts(group, "gene_names", genes);
  }
  file.close();
  return path;
}

/** Compressed columns of genes × cells. */
function writeMatrix(file: h5.File, name: string, rows: Dense): h5.Group {
  const { data, indices, indptr } = compress(rows), group = file.create_group(name);
  const big = (numbers: number[]) => BigInt64Array.from(numbers, BigInt);
  group.create_dataset({ name: "data", data: Int32Array.from(data) });
  group.create_dataset({ name: "indices", data: big(indices) });
  group.create_dataset({ name: "indptr", data: big(indptr) });
  group.create_dataset({ name: "shape", data: Int32Array.of(rows[0].length, rows.length) });
  writeTexts(group, "barcodes", rows.map((_, i) => `AACG-${i}`));
  return group;
}

/** Texts of one length, as Cell Ranger has them. */
function writeTexts(group: h5.Group, name: string, texts: readonly string[]): void {
  group.create_dataset({ name, data: [...texts], dtype: "S24" });
}
