/**
 * The features of a Cell Ranger file: which of them are genes, and of which genome.
 *
 * @module
 */

import type { ReadOptions } from "../count_matrix.ts";
import type { Stored } from "../stored.ts";
import { blankOthers, noSymbols } from "../symbols.ts";
import { unreadable } from "../unreadable.ts";

/** The features in their order. */
export interface Features {
  /** Symbols; "" for what is no gene, or none of the genome that was asked for. */
  readonly symbols: readonly string[];
  /** Name of the array of symbols. */
  readonly from: string;
  /** Genomes that can be asked for; none where there is but one. */
  readonly genomes: readonly string[];
  readonly notes: readonly string[];
}

/** A group with a matrix in it. */
export interface TenxGroup {
  readonly file: Stored;
  readonly at: string;
  /** Features of the matrix. */
  readonly genes: number;
}

/** Reads the features of a matrix; throws an `InputError` where what is asked is absent. */
export async function readFeatures(group: TenxGroup, options: ReadOptions): Promise<Features> {
  const { file, at } = group;
  if (file.kind(`${at}/features`) !== "group") {
    const named = await readNames(group, options, ["genes", "gene_names"]);
    return { ...named, genomes: [], notes: blankOthers(named.symbols, []) };
  }
  const names = ["features/id", "features/name"] as const;
  const { symbols, from } = await readNames(group, options, names);
  const types = await texts(group, "features/feature_type");
  const notes = blankOthers(symbols, types);
  if (options.matrix === "X") return { symbols, from, notes, genomes: [] };

  const genome = await texts(group, "features/genome");
  const genomes = [...new Set(genome.filter((name, i) => name !== "" && symbols[i] !== ""))];
  if (!genomes.includes(options.matrix)) {
    throw unreadable(
      file.path,
      `there is no genome "${options.matrix}" in it; it has ${genomes.join(", ")}`,
    );
  }
  const others = symbols.filter((symbol, i) => symbol !== "" && genome[i] !== options.matrix);
  if (others.length > 0) notes.push(`genes of other genomes: ${others.length}, left out`);
  return {
    symbols: symbols.map((symbol, i) => genome[i] === options.matrix ? symbol : ""),
    from,
    notes,
    genomes: genomes.filter((name) => name !== options.matrix),
  };
}

/** The names of the features: symbols, or ids where that is asked or a symbol is missing. */
async function readNames(
  group: TenxGroup,
  { symbols: asked }: ReadOptions,
  [ids, names]: readonly [ids: string, names: string],
): Promise<{ readonly symbols: string[]; readonly from: string }> {
  if (asked === "index") return { symbols: await texts(group, ids), from: ids };
  if (asked !== undefined && asked !== "symbol") {
    throw noSymbols(group.file.path, `"${group.at}"`, asked, ["index", "symbol"]);
  }
  const spare = await texts(group, ids), symbols = await texts(group, names);
  return { symbols: symbols.map((symbol, i) => symbol || spare[i]), from: names };
}

async function texts({ file, at, genes }: TenxGroup, name: string): Promise<string[]> {
  const array = file.array(`${at}/${name}`);
  if (array.shape[0] === genes) return await array.strings(0, genes);
  throw unreadable(file.path, `"${at}/${name}" names ${array.shape[0]} features, not ${genes}`);
}
