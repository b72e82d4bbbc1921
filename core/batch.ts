/**
 * Cells in flight: one sparse matrix, one row a cell, one column a gene.
 *
 * @module
 */

/** A batch of cells in compressed-row form. Treat it as frozen. */
export interface CellBatch {
  /** Row of each cell in its atlas, from 0; identifies the cell for splits and replay. */
  readonly cells: Uint32Array;
  /** Cell `i` owns entries `offsets[i]` up to `offsets[i + 1]`; one longer than `cells`. */
  readonly offsets: Uint32Array;
  /** Vocabulary id of each entry; no gene twice within a cell. */
  readonly genes: Uint32Array;
  /** Expression of each entry, never zero: counts, or what the transforms made of them. */
  readonly values: Float32Array;
  /** Category code of each cell in the columns that were asked for; -1 where a cell has none. */
  readonly obs: Readonly<Record<string, Int32Array>>;
}

/** Returns the batch with every value replaced by `f(value)`. */
export function mapValues(batch: CellBatch, f: (value: number) => number): CellBatch {
  const values = new Float32Array(batch.values.length);
  for (let e = 0; e < values.length; e++) values[e] = f(batch.values[e]);
  return { ...batch, values };
}

/** Returns the cells at `rows` of the batch, in that order. */
export function selectCells(batch: CellBatch, rows: ArrayLike<number>): CellBatch {
  const offsets = new Uint32Array(rows.length + 1);
  for (let i = 0; i < rows.length; i++) {
    offsets[i + 1] = offsets[i] + batch.offsets[rows[i] + 1] - batch.offsets[rows[i]];
  }
  const genes = new Uint32Array(offsets[rows.length]);
  const values = new Float32Array(offsets[rows.length]);
  const cells = new Uint32Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const from = batch.offsets[rows[i]], to = batch.offsets[rows[i] + 1];
    genes.set(batch.genes.subarray(from, to), offsets[i]);
    values.set(batch.values.subarray(from, to), offsets[i]);
    cells[i] = batch.cells[rows[i]];
  }
  const obs = Object.fromEntries(
    Object.entries(batch.obs).map(([name, codes]) => {
      const chosen = new Int32Array(rows.length);
      for (let i = 0; i < rows.length; i++) chosen[i] = codes[rows[i]];
      return [name, chosen];
    }),
  );
  return { cells, offsets, genes, values, obs };
}

/** Joins batches end to end; all must carry the same columns. */
export function concatCells(batches: readonly CellBatch[]): CellBatch {
  if (batches.length === 1) return batches[0];
  let cells = 0, entries = 0;
  for (const batch of batches) {
    cells += batch.cells.length;
    entries += batch.values.length;
  }
  const joined = {
    cells: new Uint32Array(cells),
    offsets: new Uint32Array(cells + 1),
    genes: new Uint32Array(entries),
    values: new Float32Array(entries),
    obs: Object.fromEntries(
      Object.keys(batches[0]?.obs ?? {}).map((name) => [name, new Int32Array(cells)]),
    ),
  };
  let cell = 0, entry = 0;
  for (const batch of batches) {
    joined.cells.set(batch.cells, cell);
    joined.genes.set(batch.genes, entry);
    joined.values.set(batch.values, entry);
    for (let i = 1; i < batch.offsets.length; i++) {
      joined.offsets[cell + i] = entry + batch.offsets[i];
    }
    for (const name in joined.obs) joined.obs[name].set(batch.obs[name], cell);
    cell += batch.cells.length;
    entry += batch.values.length;
  }
  return joined;
}
