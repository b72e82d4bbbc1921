/**
 * What a source gives, for requests that are drawn at random.
 *
 * @module
 */

import { ok } from "node:assert/strict";
import fc from "fast-check";
import { type CellBatch, concatCells } from "../../core/batch.ts";
import type { ReadRequest, Source } from "../../core/source.ts";

/** Checks a few draws: each of them reads a whole source, or several times. */
export const forAll = <Ts extends [unknown, ...unknown[]]>(
  arbitraries: { [K in keyof Ts]: fc.Arbitrary<Ts[K]> },
  check: (...values: Ts) => Promise<void>,
): Promise<void> => fc.assert(fc.asyncProperty(...arbitraries, check), { numRuns: 8 });

/** Everything a request gives, as one batch, with all columns unless it names some. */
export async function readAll(source: Source, request: ReadRequest): Promise<CellBatch> {
  const columns = source.columns.map(({ name }) => name), batches: CellBatch[] = [];
  for await (const batch of source.read({ columns, ...request })) {
    const previous = batches.at(-1);
    ok(!previous || previous.cells.length === request.batch, "a batch before the last is short");
    ok(batch.cells.length > 0 && batch.cells.length <= request.batch, "a batch has a wrong size");
    batches.push(batch);
  }
  if (batches.length > 0) return concatCells(batches);
  return {
    cells: new Uint32Array(0),
    offsets: new Uint32Array(1),
    genes: new Uint32Array(0),
    values: new Float32Array(0),
    obs: Object.fromEntries(
      (request.columns ?? columns).map((name) => [name, new Int32Array(0)]),
    ),
  };
}

/** Asks for one batch and leaves. */
export async function readFirst(source: Source, request: ReadRequest): Promise<void> {
  for await (const _batch of source.read(request)) break;
}
