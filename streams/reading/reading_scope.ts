/**
 * Readers that are closed with a scope, whoever is still reading.
 *
 * @module
 */

import { Effect, type Scope } from "effect";
import type { CellBatch } from "../../core/batch.ts";
import type { ReadRequest, Source } from "../../core/source.ts";
import { sliceCells } from "./pool/cut_batches.ts";
import { type Lease, lend } from "./pool/leases.ts";
import type { Parts } from "./pool/parts.ts";

/** What is open within a scope. */
export interface ReadingScope {
  /** The same, closed once: with the scope unless before. */
  kept<A extends { close(): Promise<void> }>(opened: A): A;
  /** Batches that are lent, out of what begins to read. */
  lend(begin: Begin): (request: ReadRequest) => Leases;
  /** `Source.read` out of the same; batches are copies. */
  read(begin: Begin): Source["read"];
}

type Begin = (request: ReadRequest) => Promise<Parts>;
type Leases = AsyncGenerator<Lease, void, undefined>;

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
        let closing: Promise<void> | undefined;
        // Whoever reads and the scope may both want it; the scope waits for one that is under way.
        const close = () => closing ??= opened.close().finally(() => open.delete(close));
        open.add(close);
        return { ...opened, close };
      }
      const leases = (begin: Begin) => (request: ReadRequest) =>
        lend(async () => kept(await begin(request)), { batch: request.batch, signal });
      return { kept, lend: leases, read: (begin) => (request) => copies(leases(begin)(request)) };
    },
  );

async function* copies(leases: Leases): AsyncGenerator<CellBatch, void, undefined> {
  for await (const lease of leases) yield sliceCells(lease, 0, lease.cells.length);
}
