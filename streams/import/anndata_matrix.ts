/**
 * Cells × genes as AnnData stores them: compressed rows, compressed columns, or dense.
 *
 * @module
 */

import type { RowRequest, Rows } from "./count_matrix.ts";
import { denseRows } from "./dense_rows.ts";
import { rowsByPasses } from "./passes.ts";
import { openSparse } from "./sparse.ts";
import { entriesOf } from "./sparse_columns.ts";
import { sparseRows } from "./sparse_rows.ts";
import type { Stored } from "./stored.ts";
import { unreadable } from "./unreadable.ts";

/** A matrix whose layout is known. */
export interface StoredMatrix {
  readonly cells: number;
  readonly genes: number;
  /** Entries in all, where that is known. */
  readonly entries?: number;
  /** The cells in order. Throws an `InputError` where it is damaged. */
  rows(request: RowRequest): AsyncIterable<Rows>;
}

/**
 * Opens the matrix at a path such as "X" or "layers/counts".
 *
 * @param held Entries of a column-major matrix that memory may hold; one pass over the file for each.
 */
export async function openMatrix(file: Stored, at: string, held: number): Promise<StoredMatrix> {
  if (file.kind(at) === "array") return openDense(file, at);
  const encoding = file.attribute(at, "encoding-type") ?? file.attribute(at, "h5sparse_format");
  const shape = file.attribute(at, "shape") ?? file.attribute(at, "h5sparse_shape");
  const layout = String(encoding).slice(0, 3);
  if ((layout !== "csr" && layout !== "csc") || !isPair(shape)) {
    throw unreadable(file.path, `"${at}" is neither a CSR, a CSC nor a dense matrix`);
  }
  const [cells, genes] = Array.from(shape, Number);
  const byRows = layout === "csr";
  const sparse = await openSparse(file, at, byRows ? [cells, genes] : [genes, cells]);
  return {
    cells,
    genes,
    entries: sparse.borders[sparse.major],
    rows: (request) =>
      byRows ? sparseRows(sparse, request) : rowsByPasses(entriesOf(sparse), { ...request, held }),
  };
}

function openDense(file: Stored, at: string): StoredMatrix {
  const array = file.array(at);
  const [cells, genes] = array.shape;
  if (array.shape.length !== 2 || array.holds === "strings") {
    throw unreadable(file.path, `"${at}" is not a matrix of numbers`);
  }
  return { cells, genes, rows: (request) => denseRows(array, request) };
}

/** Two lengths: a typed array in HDF5, a list in zarr. */
const isPair = (shape: unknown): shape is ArrayLike<number | bigint> =>
  (ArrayBuffer.isView(shape) || Array.isArray(shape)) &&
  (shape as unknown as ArrayLike<unknown>).length === 2 &&
  Array.from(shape as unknown as ArrayLike<unknown>, Number).every((length) =>
    Number.isSafeInteger(length) && length >= 0
  );
