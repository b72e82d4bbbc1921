/**
 * From blocks to batches: windows in the planned order, cells filtered, cut to size.
 *
 * @module
 */

import { type CellBatch, concatCells } from "../../core/batch.ts";
import { InputError } from "../../core/errors.ts";
import { suggest } from "../../core/nearest.ts";
import type { Column, ReadRequest, Source } from "../../core/source.ts";
import type { Blocks } from "./blocks.ts";
import { planCells, planWindows } from "./plan_read.ts";
import { gatherCells, loadBlock, type LoadedBlock, pickCells, type Selection } from "./window.ts";

/** A source that reads its cells from blocks. */
export function sourceOf(blocks: Blocks): Source {
  const { vocabulary, values, columns, sizes } = blocks;
  const cells = sizes.reduce((sum, size) => sum + size, 0);
  return { vocabulary, cells, values, columns, read: (request) => readBlocks(blocks, request) };
}

/**
 * Reads on demand: nothing happens between a batch and the request for the next one, and memory
 * holds one window of blocks and one batch. The order depends on the key alone: filters only leave
 * cells out of it.
 *
 * @throws InputError when a column or category is unknown.
 */
export async function* readBlocks(
  blocks: Blocks,
  request: ReadRequest,
): AsyncGenerator<CellBatch, void, undefined> {
  const { batch, order } = request, { sizes } = blocks;
  if (!(Number.isInteger(batch) && batch > 0)) {
    throw new RangeError(`Cannot read batches of ${batch} cells: the size must be 1, 2, …`);
  }
  const selection = selectionOf(blocks.columns, request), { columns } = selection;
  const starts = startsOf(sizes), reader = blocks.open();
  try {
    let parts: CellBatch[] = [], held = 0, skip = request.from ?? 0;
    for (const [index, numbers] of planWindows(sizes.length, order).entries()) {
      const passed = skip > 0 ? countKept(numbers, { starts, sizes }, request) : Infinity;
      if (passed <= skip) {
        skip -= passed;
        continue;
      }
      const window: LoadedBlock[] = [];
      let cells = 0;
      for (const [slot, block] of numbers.entries()) {
        const place = { block, slot, start: starts[block], size: sizes[block] };
        window.push(await loadBlock(reader, place, selection));
        cells += sizes[block];
      }
      const picks = pickCells(window, planCells(cells, order, index));
      let from = Math.min(skip, picks.rows.length);
      skip -= from;
      for (let to = 0; from < picks.rows.length; from = to) {
        to = Math.min(picks.rows.length, from + batch - held);
        parts.push(gatherCells(window, picks, { from, to, columns }));
        held += to - from;
        if (held < batch) continue;
        const full = concatCells(parts);
        parts = [];
        held = 0;
        yield full;
      }
    }
    if (held > 0) yield concatCells(parts);
  } finally {
    await reader.close();
  }
}

/** How many cells of some blocks are asked for, where that can be told without reading; else infinitely many. */
function countKept(
  blocks: readonly number[],
  { starts, sizes }: { readonly starts: ArrayLike<number>; readonly sizes: ArrayLike<number> },
  { keep, where = {} }: ReadRequest,
): number {
  if (Object.keys(where).length > 0) return Infinity;
  let kept = 0;
  for (const block of blocks) {
    for (let cell = starts[block]; cell < starts[block] + sizes[block]; cell++) {
      if (keep === undefined || keep(cell)) kept++;
    }
  }
  return kept;
}

/** The request with its names looked up. */
function selectionOf(known: readonly Column[], request: ReadRequest): Selection {
  const columns = [...new Set(request.columns)];
  for (const name of columns) columnOf(known, name);
  const where = Object.entries(request.where ?? {}).map(([column, category]) => {
    const { categories } = columnOf(known, column);
    const code = categories.indexOf(category);
    if (code >= 0) return { column, code };
    throw new InputError({
      message: `Cannot find category "${category}" of column "${column}": ` +
        suggest(category, categories),
    });
  });
  return { columns, where, keep: request.keep };
}

function columnOf(known: readonly Column[], name: string): Column {
  const column = known.find((each) => each.name === name);
  if (column) return column;
  const names = known.map((each) => each.name);
  throw new InputError({ message: `Cannot find column "${name}": ${suggest(name, names)}` });
}

/** Row of the first cell of each block. */
function startsOf(sizes: readonly number[]): Float64Array {
  const starts = new Float64Array(sizes.length);
  for (let block = 1; block < sizes.length; block++) {
    starts[block] = starts[block - 1] + sizes[block - 1];
  }
  return starts;
}
