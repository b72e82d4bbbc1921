/**
 * Batches that are lent to whoever iterates.
 *
 * @module
 */

import type { CellBatch } from "../../../core/batch.ts";
import { cutBatches } from "./cut_batches.ts";
import type { LentPart, Parts } from "./parts.ts";

/** A batch whose memory goes back: its arrays are empty once it is released. */
export interface Lease extends CellBatch {
  /** Gives the memory back; happens by itself when the next lease is asked for. Twice is as good as once. */
  release(): void;
}

/** How leases are made. */
export interface LeaseOptions {
  readonly batch: number;
  /** Ends the iteration with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The cells of the parts that `open` begins to read, lent batch by batch: at most one lease is out.
 * However the iteration ends, the lease goes back and everything is closed.
 */
export async function* lend(
  open: () => Promise<Parts>,
  { batch, signal }: LeaseOptions,
): AsyncGenerator<Lease, void, undefined> {
  signal?.throwIfAborted();
  const parts = await open(), batches = cutBatches(parts, batch), ended = abortion(signal);
  let out: LentPart | undefined, coming: Promise<LentPart | undefined> | undefined;
  try {
    for (;;) {
      signal?.throwIfAborted();
      coming = batches.next();
      out = await ended.wait(coming);
      coming = undefined;
      if (out === undefined) return;
      yield { ...out.cells, release: out.release };
      out.release();
    }
  } finally {
    out?.release();
    // Nobody waits for it any more.
    coming?.then((late) => late?.release(), () => undefined);
    ended.forget();
    await parts.close();
    batches.close();
  }
}

/** Waiting that ends when the signal says so; nothing is kept of what was waited for. */
function abortion(signal: AbortSignal | undefined) {
  let reject: (reason: unknown) => void = () => undefined;
  const listen = () => reject(signal?.reason);
  signal?.addEventListener("abort", listen, { once: true });
  return {
    wait: <A>(coming: Promise<A>) =>
      new Promise<A>((resolve, refuse) => {
        reject = refuse;
        coming.then(resolve, refuse);
      }),
    forget: () => signal?.removeEventListener("abort", listen),
  };
}
