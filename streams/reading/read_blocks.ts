/**
 * From blocks to batches: windows in the planned order, cut to size.
 *
 * @module
 */

import { type CellBatch, concatCells } from "../../core/batch.ts";
import type { ReadRequest, Source } from "../../core/source.ts";
import type { Blocks } from "./blocks.ts";
import { planRead, type PlanShape } from "./plan/plan_read.ts";
import { startAt } from "./read_plan.ts";
import { codeScan, columnOf, scanFor } from "./scan_codes.ts";
import { gatherCells, loadRuns, selectGenes } from "./window.ts";

/** Random order: cells that are in memory together, unless the blocks are large: then so many of them. */
const WINDOW = 8192, BLOCKS = 16;

/** A source that reads its cells from blocks. */
export function sourceOf(blocks: Blocks): Source {
  const { vocabulary, values, columns, sizes } = blocks, scan = codeScan(blocks);
  const cells = sizes.reduce((sum, size) => sum + size, 0);
  return {
    vocabulary,
    cells,
    values,
    columns,
    read: (request) => readBlocks(blocks, request, scan),
  };
}

/**
 * Reads on demand: nothing happens between a batch and the request for the next one, and memory
 * holds one window of blocks and one batch. The order is that of `planRead`; blocks are drawn as
 * they are stored unless the request says otherwise.
 *
 * @throws InputError when a column or category is unknown.
 */
export async function* readBlocks(
  blocks: Blocks,
  request: ReadRequest,
  scan = codeScan(blocks),
): AsyncGenerator<CellBatch, void, undefined> {
  const { batch, order, genes, from = 0 } = request, { sizes } = blocks;
  checkRequest(blocks, request);
  const columns = [...new Set(request.columns)];
  for (const name of columns) columnOf(blocks.columns, name);
  const { keep, codes } = await scanFor(scan, blocks.columns, request);
  const starts = startsOf(sizes), shape = { ...shapeOf(sizes, order), codes };
  const plan = planRead(starts[sizes.length], { ...request, ...(keep && { keep }) }, shape);
  const start = startAt(plan, from), reader = blocks.open();
  try {
    let parts: CellBatch[] = [], held = 0, skip = start.skip;
    for (let index = start.window; index < plan.windows; index++, skip = 0) {
      const { spans, picks } = plan.window(index);
      const runs = await loadRuns(reader, spans, { starts, columns });
      for (let at = skip, to = 0; at < picks.length; at = to) {
        to = Math.min(picks.length, at + batch - held);
        const part = gatherCells(runs, picks.subarray(at, to), columns);
        parts.push(genes ? selectGenes(part, genes) : part);
        held += to - at;
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

function checkRequest({ vocabulary }: Blocks, { batch, genes }: ReadRequest): void {
  if (!(Number.isInteger(batch) && batch > 0)) {
    throw new RangeError(`Cannot read batches of ${batch} cells: the size must be 1, 2, …`);
  }
  const size = vocabulary.symbols.length;
  if (genes && genes.length !== size) {
    throw new RangeError(`Cannot read ${genes.length} genes: the vocabulary has ${size}`);
  }
}

/** Stored order goes block by block; where blocks are uneven, by the largest. */
function shapeOf(sizes: readonly number[], order: ReadRequest["order"]): PlanShape {
  const block = sizes.reduce((largest, size) => Math.max(largest, size), 1);
  return { block, window: order === "stored" ? block : Math.max(WINDOW, BLOCKS * block) };
}

/** Row of the first cell of each block, and of the one that would come next. */
function startsOf(sizes: readonly number[]): Float64Array {
  const starts = new Float64Array(sizes.length + 1);
  for (let block = 0; block < sizes.length; block++) {
    starts[block + 1] = starts[block] + sizes[block];
  }
  return starts;
}
