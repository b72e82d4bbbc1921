/**
 * Loaded cells as the batches that an atlas is written from: in order, their genes renumbered and
 * ascending.
 *
 * @module
 */

import type { AtlasBatch } from "../../atlas/atlas_input.ts";
import type { Layout } from "../../atlas/layout.ts";
import { fillParts, hasWideGenes, noParts, numberAt } from "./cell_record.ts";
import type { LoadedCells } from "./spilled.ts";

/** Cells in a batch. */
const BATCH = 128;

/**
 * Returns a function that puts loaded cells into batches; views that the next batch overwrites.
 *
 * @param ranks The id in the atlas of each gene of a record.
 */
export function orderingCells(
  layout: Layout,
  ranks: Uint32Array,
): (loaded: LoadedCells) => Generator<AtlasBatch> {
  const shape = {
    genes: layout.genes,
    columns: layout.columns.length,
    numbers: layout.numbers.length,
  };
  const wideGenes = hasWideGenes(shape), parts = noParts();
  const found = new Float32Array(layout.genes);
  // One bit a gene: reading the set bits in order sorts the genes without a sort.
  const seen = new Int32Array((layout.genes + 31) >>> 5);
  const offsets = new Uint32Array(BATCH + 1), rows = new Uint32Array(BATCH);
  const codes = layout.columns.map(() => new Int32Array(BATCH));
  const numbers = layout.numbers.map(() => new Float64Array(BATCH));
  let genes = new Uint32Array(2 ** 17), values = new Float32Array(2 ** 17);

  function reserve(entries: number): void {
    if (entries <= genes.length) return;
    const oldGenes = genes, oldValues = values;
    genes = new Uint32Array(2 * entries);
    values = new Float32Array(2 * entries);
    genes.set(oldGenes);
    values.set(oldValues);
  }
  /** Appends the genes of the record whose parts were found last. */
  function sort({ words, halves, floats }: LoadedCells["arena"], entry: number): void {
    const { entries, wide } = parts;
    const geneAt = wideGenes ? parts.genes : 2 * parts.genes;
    const valueAt = wide ? parts.values : 2 * parts.values;
    const ids = wideGenes ? words : halves, counts = wide ? floats : halves;
    let top = -1;
    for (let e = 0; e < entries; e++) {
      const rank = ranks[ids[geneAt + e]], word = rank >>> 5;
      found[rank] = counts[valueAt + e];
      seen[word] |= 1 << (rank & 31);
      if (word > top) top = word;
    }
    for (let word = 0; word <= top; word++) {
      for (let bits = seen[word]; bits !== 0; bits &= bits - 1) {
        const rank = 32 * word + 31 - Math.clz32(bits & -bits);
        genes[entry] = rank;
        values[entry++] = found[rank];
      }
      seen[word] = 0;
    }
  }
  function batchOf(loaded: LoadedCells, from: number, to: number): AtlasBatch {
    const { arena, starts, first } = loaded;
    for (let i = 0; from + i < to; i++) {
      fillParts(parts, arena.words, shape, starts[from + i]);
      offsets[i + 1] = offsets[i] + parts.entries;
      reserve(offsets[i + 1]);
      sort(arena, offsets[i]);
      rows[i] = first + from + i;
      for (let c = 0; c < codes.length; c++) codes[c][i] = arena.words[parts.codes + c];
      for (let c = 0; c < numbers.length; c++) {
        numbers[c][i] = numberAt(arena.words, parts.numbers + 2 * c);
      }
    }
    const cells = to - from, entries = offsets[cells];
    const named = <A extends Int32Array | Float64Array>(
      names: readonly string[],
      all: readonly A[],
    ): Record<string, A> =>
      Object.fromEntries(names.map((name, c) => [name, all[c].subarray(0, cells) as A]));
    return {
      cells: rows.subarray(0, cells),
      offsets: offsets.subarray(0, cells + 1),
      genes: genes.subarray(0, entries),
      values: values.subarray(0, entries),
      obs: named(layout.columns.map(({ name }) => name), codes),
      numbers: named(layout.numbers, numbers),
    };
  }

  return function* (loaded) {
    for (let from = 0; from < loaded.starts.length; from += BATCH) {
      yield batchOf(loaded, from, Math.min(loaded.starts.length, from + BATCH));
    }
  };
}
