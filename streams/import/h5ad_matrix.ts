/**
 * Cells × genes as an h5ad file stores them: compressed rows, compressed columns, or dense.
 *
 * @module
 */

import type { Rows } from "./count_matrix.ts";
import { denseRows } from "./dense_rows.ts";
import type { H5File } from "./h5_file.ts";
import { openSparse } from "./sparse.ts";
import { sparseColumns } from "./sparse_columns.ts";
import { sparseRows } from "./sparse_rows.ts";
import { unreadable } from "./unreadable.ts";

/** A matrix whose layout is known. */
export interface StoredMatrix {
  readonly cells: number;
  readonly genes: number;
  /** The cells in order, at most `batch` at a time. Throws an `InputError` where it is damaged. */
  rows(batch: number): Generator<Rows>;
}

/** Entries of a column-major matrix that are held at a time, 12 bytes each. */
const HELD_ENTRIES = 2 ** 24;

/**
 * Opens the matrix at a path such as "X" or "layers/counts".
 *
 * @param held Entries of a column-major matrix that memory may hold; one pass over the file for each.
 */
export function openMatrix(file: H5File, at: string, held: number = HELD_ENTRIES): StoredMatrix {
  if (file.kind(at) === "array") {
    const array = file.array(at);
    const [cells, genes] = array.shape;
    if (array.shape.length !== 2 || array.holds === "strings") {
      throw unreadable(file.path, `"${at}" is not a matrix of numbers`);
    }
    return { cells, genes, rows: (batch) => denseRows(array, batch) };
  }
  const encoding = file.attribute(at, "encoding-type") ?? file.attribute(at, "h5sparse_format");
  const shape = file.attribute(at, "shape") ?? file.attribute(at, "h5sparse_shape");
  const layout = String(encoding).slice(0, 3);
  if ((layout !== "csr" && layout !== "csc") || !ArrayBuffer.isView(shape)) {
    throw unreadable(file.path, `"${at}" is neither a CSR, a CSC nor a dense matrix`);
  }
  const [cells, genes] = Array.from(shape as Int32Array, Number);
  const byRows = layout === "csr";
  const sparse = openSparse(file, at, byRows ? [cells, genes] : [genes, cells]);
  return {
    cells,
    genes,
    rows: (batch) => byRows ? sparseRows(sparse, batch) : sparseColumns(sparse, batch, held),
  };
}
