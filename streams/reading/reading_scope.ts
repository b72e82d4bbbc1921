/**
 * Readers that are closed with a scope, whoever is still reading.
 *
 * @module
 */

import { Effect, type Scope } from "effect";
import type { CellBatch } from "../../core/batch.ts";
import type { ReadRequest, Source } from "../../core/source.ts";
import { sliceCells } from "./pool/cut_batches.ts";
import { lend } from "./pool/leases.ts";
import type { Parts } from "./pool/parts.ts";

/** What is open within a scope. */
export interface ReadingScope {
  /** The same, closed with the scope unless it is closed before. */
  kept<A extends { close(): Promise<void> }>(opened: A): A;
  /** `Source.read` out of what begins to read; batches are copies. */
  read(begin: (request: ReadRequest) => Promise<Parts>): Source["read"];
}

/** Closing the scope ends every iteration that is not finished, its workers and its files. */
export const readingScope = (closed: string): Effect.Effect<ReadingScope, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => ({ abort: new AbortController(), open: new Set<() => Promise<void>>() })),
      ({ abort, open }) =>
        Effect.promise(async () => {
          abort.abort(new RangeError(`Cannot go on reading: ${closed}`));
          await Promise.all(Array.from(open, (close) => close()));
        }),
    ),
    ({ abort: { signal }, open }) => {
      function kept<A extends { close(): Promise<void> }>(opened: A): A {
        const close = async () => {
          open.delete(close);
          await opened.close();
        };
        open.add(close);
        return { ...opened, close };
      }
      async function* batches(
        begin: () => Promise<Parts>,
        batch: number,
      ): AsyncGenerator<CellBatch, void, undefined> {
        for await (const lease of lend(async () => kept(await begin()), { batch, signal })) {
          yield sliceCells(lease, 0, lease.cells.length);
        }
      }
      return { kept, read: (begin) => (request) => batches(() => begin(request), request.batch) };
    },
  );
