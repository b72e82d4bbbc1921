/**
 * Cells gathered into a row group: checked, and the genes of each cell sorted.
 *
 * @module
 */

import { InputError } from "../../core/errors.ts";
import type { AtlasBatch } from "./atlas_input.ts";
import { cellFault } from "./cell_fault.ts";
import type { Layout } from "./layout.ts";

/** Cells in a row group. */
export const GROUP_CELLS = 1024;
/** Entries after which a row group ends early, so that dense cells do not make it large. */
export const GROUP_ENTRIES = 2 ** 22;

/** The cells of a row group in compressed-row form; views that the next cell may overwrite. */
export interface CellGroup {
  readonly offsets: Uint32Array;
  readonly genes: Uint32Array;
  readonly values: Float32Array;
  /** Codes column by column. */
  readonly codes: readonly Int32Array[];
  /** Numbers column by column. */
  readonly numbers: readonly Float64Array[];
}

/** Room for the cells of one row group. */
export interface GroupBuilder {
  /** Cells gathered. */
  size(): number;
  /** Whether cell `i` of the batch has to wait for the next row group. */
  isFullFor(batch: AtlasBatch, i: number): boolean;
  /** Adds cell `i` of the batch; `row` is its row in the atlas, for messages. */
  add(batch: AtlasBatch, i: number, row: number): void;
  /** What was gathered; the next cell begins anew. */
  take(): CellGroup;
}

/** Makes an empty row group for an atlas of this layout. */
export function groupBuilder(layout: Layout): GroupBuilder {
  const offsets = new Uint32Array(GROUP_CELLS + 1);
  const codes = layout.columns.map(() => new Int32Array(GROUP_CELLS));
  const numbers = layout.numbers.map(() => new Float64Array(GROUP_CELLS));
  let genes = new Uint32Array(2 ** 16), values = new Float32Array(2 ** 16), size = 0;

  function reserve(entries: number): void {
    if (entries <= genes.length) return;
    const room = Math.max(entries, 2 * genes.length);
    const oldGenes = genes, oldValues = values;
    genes = new Uint32Array(room);
    values = new Float32Array(room);
    genes.set(oldGenes);
    values.set(oldValues);
  }

  return {
    size: () => size,
    isFullFor: (batch, i) =>
      size === GROUP_CELLS ||
      (size > 0 && offsets[size] + batch.offsets[i + 1] - batch.offsets[i] > GROUP_ENTRIES),
    add(batch, i, row) {
      const from = batch.offsets[i], to = batch.offsets[i + 1];
      const first = offsets[size], end = first + to - from;
      reserve(end);
      genes.set(batch.genes.subarray(from, to), first);
      values.set(batch.values.subarray(from, to), first);
      sortCell(genes.subarray(first, end), values.subarray(first, end));
      const fault = cellFault({ genes, values }, { from: first, to: end }, layout);
      if (fault) throw new InputError({ message: `Cannot write cell ${row}: ${fault}` });
      layout.columns.forEach(({ name, categories }, c) => {
        const code = batch.obs[name][i];
        if (!(code >= -1 && code < categories.length)) {
          throw new InputError({
            message:
              `Cannot write cell ${row}: its code ${code} in column "${name}" is not one of ` +
              `its ${categories.length} categories`,
          });
        }
        codes[c][size] = code;
      });
      layout.numbers.forEach((name, c) => numbers[c][size] = batch.numbers![name][i]);
      offsets[++size] = end;
    },
    take() {
      const cells = size, entries = offsets[cells];
      size = 0;
      return {
        offsets: offsets.subarray(0, cells + 1),
        genes: genes.subarray(0, entries),
        values: values.subarray(0, entries),
        codes: codes.map((column) => column.subarray(0, cells)),
        numbers: numbers.map((column) => column.subarray(0, cells)),
      };
    },
  };
}

/** Sorts the entries of a cell by gene, in place; most cells come sorted. */
function sortCell(genes: Uint32Array, values: Float32Array): void {
  let sorted = true;
  for (let e = 1; e < genes.length && sorted; e++) sorted = genes[e - 1] <= genes[e];
  if (sorted) return;
  const order = Uint32Array.from(genes.keys()).sort((a, b) => genes[a] - genes[b]);
  const oldGenes = genes.slice(), oldValues = values.slice();
  for (let e = 0; e < order.length; e++) {
    genes[e] = oldGenes[order[e]];
    values[e] = oldValues[order[e]];
  }
}
