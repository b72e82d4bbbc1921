/**
 * Batches for whoever has no use for one without cells.
 *
 * @module
 */

import type { CellBatch } from "../core/batch.ts";

/** The batches that have cells: where cells are left out that cannot be read, some have none. */
export async function* filled(
  batches: AsyncIterable<CellBatch>,
): AsyncGenerator<CellBatch, void, undefined> {
  for await (const batch of batches) if (batch.cells.length > 0) yield batch;
}
