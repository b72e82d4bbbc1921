/**
 * A pool of decode workers that tells which threads were taken out of it, and which have ended.
 *
 * @module
 */

import type { Worker } from "node:worker_threads";
import {
  type PoolOptions,
  type WorkerPool,
  workerPool,
} from "../streams/reading/pool/worker_pool.ts";

/** What became of the workers of a pool. */
export interface WatchedPool extends WorkerPool {
  /** The workers as they were taken, those again that were taken again. */
  readonly taken: readonly Worker[];
  /** Comes when a worker that was taken has ended. */
  ended(worker: Worker): Promise<void>;
}

/** A real pool, watched. */
export function watchedPool(options: PoolOptions = {}): WatchedPool {
  const pool = workerPool(options), taken: Worker[] = [];
  const ends = new Map<Worker, PromiseWithResolvers<void>>();
  const listen = (worker: Worker) => worker.once("exit", () => ends.get(worker)!.resolve());
  return {
    ...pool,
    taken,
    ended: (worker) => ends.get(worker)!.promise,
    take() {
      const worker = pool.take();
      if (!ends.has(worker)) ends.set(worker, Promise.withResolvers());
      taken.push(worker);
      return listen(worker);
    },
    async giveBack(worker) {
      await pool.giveBack(worker);
      // Whoever waits for the next pass is heard by nobody else.
      listen(worker);
    },
  };
}
