/**
 * Decode workers that stay from pass to pass: a new one loads its modules and compiles what it runs,
 * which takes longer than many an epoch.
 *
 * @module
 */

import { SHARE_ENV, Worker } from "node:worker_threads";

/**
 * The workers of an opened source. Those that wait have no file open and hold no cells; they end when
 * nobody has wanted them for a while.
 */
export interface WorkerPool {
  /** Starts one that waits: its modules are loaded while this thread does something else. */
  prepare(): void;
  /** One that waits, or a new one. */
  take(): Worker;
  /** Takes one back that has been told to rest, and of which nothing is awaited. */
  giveBack(worker: Worker): Promise<void>;
  /** Ends those that wait, all but so many. */
  leave(count: number): Promise<void>;
  /** Ends those that wait, and from now on those that come back. */
  close(): Promise<void>;
}

/** What the workers of a pool are. */
export interface PoolOptions {
  /** What they run; `worker.ts` unless given. */
  readonly module?: URL;
  /** Milliseconds that one waits before it ends, as its thread takes memory; 10,000 unless given. */
  readonly spell?: number;
}

/** A pool without workers. */
export function workerPool(options: PoolOptions = {}): WorkerPool {
  const { module = new URL("./worker.ts", import.meta.url), spell = 10_000 } = options;
  const waiting = new Map<Worker, ReturnType<typeof setTimeout>>();
  let closed = false;

  function wait(worker: Worker): void {
    // Whoever had it hears of it no more; and if it dies there is one less, which ends nothing.
    const gone = () => call(worker);
    worker.removeAllListeners().on("error", gone).on("exit", gone);
    waiting.set(worker, setTimeout(() => void end(worker), spell).unref());
  }
  /** It waits no more. */
  function call(worker: Worker): void {
    clearTimeout(waiting.get(worker));
    waiting.delete(worker);
  }
  async function end(worker: Worker): Promise<void> {
    call(worker);
    await worker.terminate();
  }
  async function leave(count: number): Promise<void> {
    await Promise.all([...waiting.keys()].slice(count).map(end));
  }
  return {
    prepare: () => wait(startWorker(module)),
    take() {
      const [worker] = waiting.keys();
      if (!worker) return startWorker(module);
      call(worker);
      return worker;
    },
    async giveBack(worker) {
      if (closed) await worker.terminate();
      else wait(worker);
    },
    leave,
    async close() {
      closed = true;
      await leave(0);
    },
  };
}

/**
 * A worker that has been told nothing yet. Starting one holds this thread up until it runs. It keeps no
 * process alive: who waits for what it reads does, and a stream that was forgotten waits for nothing.
 */
export function startWorker(module: URL): Worker {
  // A copy of the environment would need leave to read all of it: Deno would ask on a terminal.
  const worker = new Worker(module, { env: SHARE_ENV });
  // One that dies before anybody listens must not end the process: it gives no sign of life.
  worker.on("error", () => undefined).unref();
  return worker;
}
