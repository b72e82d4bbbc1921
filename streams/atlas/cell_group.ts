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
export const GROUP_ENTRIES = 2 ** 21;

/** The cells of a row group in compressed-row form: the beginnings of arrays that may be longer. */
export interface CellGroup {
  readonly offsets: Uint32Array<ArrayBuffer>;
  readonly genes: Uint32Array<ArrayBuffer>;
  readonly values: Float32Array<ArrayBuffer>;
  /** Codes column by column. */
  readonly codes: readonly Int32Array<ArrayBuffer>[];
  /** Numbers column by column. */
  readonly numbers: readonly Float64Array<ArrayBuffer>[];
}

/** Gathers the cells of one row group after the other. */
export interface GroupBuilder {
  /** Cells gathered. */
  size(): number;
  /** Whether a cell of so many entries has to wait for the next row group. */
  isFullFor(entries: number): boolean;
  /** Adds cell `i` of the batch; `row` is its row in the atlas, for messages. */
  add(batch: AtlasBatch, i: number, row: number): void;
  /** Adds a cell of so many entries that is put into its place by `put`, and believed. */
  place(entries: number, put: PutCell): void;
  /** What was gathered, to keep; the next cell begins anew. */
  take(): CellGroup;
  /** Takes back the memory of a group that nobody looks at any more. */
  giveBack(group: CellGroup): void;
}

/** Puts a cell into a row group: its entries from `first` on, its codes and numbers at `size`. */
export type PutCell = (room: GroupRoom, first: number, size: number) => void;

/** Room for a row group; lists grow where cells are dense. */
export interface GroupRoom {
  readonly offsets: Uint32Array<ArrayBuffer>;
  genes: Uint32Array<ArrayBuffer>;
  values: Float32Array<ArrayBuffer>;
  readonly codes: readonly Int32Array<ArrayBuffer>[];
  readonly numbers: readonly Float64Array<ArrayBuffer>[];
}

/** Makes an empty row group for an atlas of this layout. */
export function groupBuilder(layout: Layout): GroupBuilder {
  const spare: GroupRoom[] = [];
  let room = roomFor(layout, 2 ** 16), size = 0, most = 0;

  function reserve(entries: number): void {
    if (entries <= room.genes.length) return;
    const { genes, values } = room, more = Math.max(entries, 2 * genes.length);
    // What they had is freed now, not when the collector comes.
    room.genes = new Uint32Array(genes.buffer.transfer(4 * more));
    room.values = new Float32Array(values.buffer.transfer(4 * more));
  }

  return {
    size: () => size,
    isFullFor: (entries) =>
      size === GROUP_CELLS || (size > 0 && room.offsets[size] + entries > GROUP_ENTRIES),
    add(batch, i, row) {
      const from = batch.offsets[i], to = batch.offsets[i + 1];
      const first = room.offsets[size], end = first + to - from;
      reserve(end);
      const { genes, values, codes, numbers } = room;
      genes.set(batch.genes.subarray(from, to), first);
      values.set(batch.values.subarray(from, to), first);
      const span = { from: first, to: end };
      let fault = cellFault(room, span, layout);
      // Most cells come sorted, and nothing is wrong with them.
      if (fault) {
        sortCell(genes.subarray(first, end), values.subarray(first, end));
        fault = cellFault(room, span, layout);
      }
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
      room.offsets[++size] = end;
    },
    place(entries, put) {
      const first = room.offsets[size];
      reserve(first + entries);
      put(room, first, size);
      room.offsets[++size] = first + entries;
    },
    take() {
      const { offsets, genes, values, codes, numbers } = room, cells = size;
      const entries = offsets[cells];
      // The next group will not be much larger, and growing would leave memory behind.
      most = Math.max(most, entries);
      room = spare.pop() ?? roomFor(layout, Math.ceil(1.05 * most) + 1);
      size = 0;
      return {
        offsets: offsets.subarray(0, cells + 1),
        genes: genes.subarray(0, entries),
        values: values.subarray(0, entries),
        codes: codes.map((column) => column.subarray(0, cells)),
        numbers: numbers.map((column) => column.subarray(0, cells)),
      };
    },
    giveBack({ offsets, genes, values, codes, numbers }) {
      spare.push({
        offsets: new Uint32Array(offsets.buffer),
        genes: new Uint32Array(genes.buffer),
        values: new Float32Array(values.buffer),
        codes: codes.map(({ buffer }) => new Int32Array(buffer)),
        numbers: numbers.map(({ buffer }) => new Float64Array(buffer)),
      });
    },
  };
}

const roomFor = ({ columns, numbers }: Layout, entries: number): GroupRoom => ({
  offsets: new Uint32Array(GROUP_CELLS + 1),
  genes: new Uint32Array(entries),
  values: new Float32Array(entries),
  codes: columns.map(() => new Int32Array(GROUP_CELLS)),
  numbers: numbers.map(() => new Float64Array(GROUP_CELLS)),
});

/** Sorts the entries of a cell by gene, in place. */
function sortCell(genes: Uint32Array, values: Float32Array): void {
  const order = Uint32Array.from(genes.keys()).sort((a, b) => genes[a] - genes[b]);
  const oldGenes = genes.slice(), oldValues = values.slice();
  for (let e = 0; e < order.length; e++) {
    genes[e] = oldGenes[order[e]];
    values[e] = oldValues[order[e]];
  }
}
