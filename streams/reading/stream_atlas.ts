/**
 * An atlas as a stream of batches that are lent: larger than memory, in any order, by any number of
 * workers, for programs of your own.
 *
 * A lease is valid until the next one is asked for: then its memory is filled anew, and whoever kept
 * its arrays finds them empty. So at most one lease is out, nothing piles up behind a slow consumer,
 * and nothing leaks: leaving the loop, however that happens, gives the lease back, ends the workers
 * and closes the files. Of many short epochs, most would be their beginning: `openAtlas` keeps workers
 * from one to the next, and lends the same leases.
 *
 * @example Means of all genes, over an atlas of any size
 * ```ts
 * import { mkdtempSync, rmSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { Effect } from "effect";
 * import { streamAtlas, writeAtlas } from "gil";
 *
 * // Three thousand cells: cell i expresses gene i mod 4 once, and gene 4 twice.
 * async function* cells() {
 *   for (let first = 0; first < 3000; first += 100) {
 *     yield {
 *       cells: new Uint32Array(100),
 *       offsets: Uint32Array.from({ length: 101 }, (_, i) => 2 * i),
 *       genes: Uint32Array.from({ length: 200 }, (_, e) => e % 2 ? 4 : (e / 2) % 4),
 *       values: Float32Array.from({ length: 200 }, (_, e) => e % 2 ? 2 : 1),
 *       obs: {},
 *     };
 *   }
 * }
 * const folder = mkdtempSync(join(tmpdir(), "gil-")), place = join(folder, "atlas");
 * const vocabulary = { symbols: ["A", "B", "C", "D", "E"] };
 * const input = { vocabulary, columns: [], numbers: [], provenance: "an example" };
 * await Effect.runPromise(writeAtlas(place, { ...input, values: "counts", batches: cells() }));
 *
 * const sums = new Float64Array(vocabulary.symbols.length);
 * let count = 0;
 * for await (const batch of streamAtlas(place, { order: "stored", batch: 512, memory: "64MB" })) {
 *   for (let e = 0; e < batch.values.length; e++) sums[batch.genes[e]] += batch.values[e];
 *   count += batch.cells.length;
 * }
 * const means = sums.map((sum) => sum / count);
 * console.assert(String(means) === "0.25,0.25,0.25,0.25,2");
 * rmSync(folder, { recursive: true });
 * ```
 *
 * @module
 */

import { Effect } from "effect";
import { defer, finalize, type Observable, type ObservableInput, of } from "rxjs";
import { InputError } from "../../core/errors.ts";
import { suggest } from "../../core/nearest.ts";
import { derive, keyOf } from "../../core/random.ts";
import type { ReadRequest } from "../../core/source.ts";
import type { Vocabulary } from "../../core/vocabulary.ts";
import { type AtlasOptions, bytesIn, lookAtAtlas } from "../atlas/open_atlas.ts";
import { beginReading, goodWorkers } from "../atlas/read_atlas.ts";
import { readingFailure } from "../atlas/reading_failure.ts";
import { type Skipped, skippedCells } from "../atlas/skipped.ts";
import { paced } from "../paced.ts";
import { type Lease, lend } from "./pool/leases.ts";
import { workerPool } from "./pool/worker_pool.ts";

export type { Lease } from "./pool/leases.ts";

/** Which cells to stream, what of them, in which order, and how. */
export interface StreamOptions extends
  Pick<
    ReadRequest,
    "where" | "keep" | "window" | "block" | "share" | "balance" | "weigh" | "from"
  >,
  AtlasOptions {
  /** As stored; or at random, each seed and each epoch in its own way. Random unless given. */
  readonly order?: "stored" | { readonly seed: number; readonly epoch?: number };
  /**
   * Cells in every lease but the last; 128 unless given. Those that are left out (see `onDamage`) are
   * missing from theirs, which may be empty: after `n` leases, `from: n * batch` goes on.
   */
  readonly batch?: number;
  /** Symbols of the genes whose entries come; those of all genes unless given. */
  readonly genes?: readonly string[];
  /** Columns whose codes the leases carry. */
  readonly labels?: readonly string[];
  /** Ends every iteration with its reason. */
  readonly signal?: AbortSignal;
}

/** An atlas to iterate over, from the beginning each time. */
export interface AtlasStream extends AsyncIterable<Lease> {
  /** What `project` makes of each lease, which lives until that is complete; then the next is read. */
  observable<B>(project: (lease: Lease) => ObservableInput<B>): Observable<B>;
  /** The leases themselves, each of which lives for as long as `next` takes, and no longer. */
  observable(): Observable<Lease>;
  /** Cells that were left out so far, as they could not be read: see `onDamage`. */
  skipped(): Skipped;
}

/**
 * Streams the atlas in a folder or at an address. Nothing is opened before it is iterated over; the
 * first batch throws an `InputError` where something is asked for that the atlas has not.
 */
export function streamAtlas(place: string, options: StreamOptions = {}): AtlasStream {
  const sums: (() => Skipped)[] = [];

  async function* leases(signal: AbortSignal | undefined) {
    // Where it is certain that there will be one, a worker gets ready while footers are read.
    const pool = workerPool();
    if (options.workers) pool.prepare();
    try {
      const atlas = await Effect.runPromise(lookAtAtlas(place), signal ? { signal } : {})
        .catch((cause) => {
          // What is interrupted says nothing of why it was.
          signal?.throwIfAborted();
          throw cause;
        });
      const request = requestOf(options, atlas.vocabulary), { shards } = atlas.known;
      const skipped = skippedCells((fault, place) => readingFailure(shards, fault, place));
      sums.push(skipped.sum);
      const means = {
        workers: options.workers ?? goodWorkers(atlas.manifest.cells),
        memory: bytesIn(options.memory),
        onDamage: options.onDamage ?? "fail",
        onDamages: skipped.add,
        pool,
      } as const;
      yield* lend(() => beginReading(atlas, request, means), { batch: request.batch, signal });
    } finally {
      await pool.close();
    }
  }
  function observable<B>(project: (lease: Lease) => ObservableInput<B | Lease> = of) {
    return defer(() => {
      const ending = new AbortController(), { signal } = ending;
      const either = options.signal ? AbortSignal.any([options.signal, signal]) : signal;
      const source = { [Symbol.asyncIterator]: () => leases(either) };
      // An iterator that waits for its files hears of the end only through the signal.
      return paced(source, project).pipe(finalize(() => ending.abort()));
    });
  }
  return {
    [Symbol.asyncIterator]: () => leases(options.signal),
    observable: observable as AtlasStream["observable"],
    skipped: () => ({
      cells: sums.reduce((cells, sum) => cells + sum().cells, 0),
      notes: [...new Set(sums.flatMap((sum) => sum().notes))],
    }),
  };
}

/** The options as a request, names looked up. */
function requestOf(options: StreamOptions, { symbols }: Vocabulary): ReadRequest {
  const { order = { seed: 1 }, batch = 128, genes, labels = [] } = options;
  const { where, keep, window, block, share, balance, weigh, from } = options;
  return {
    batch,
    order: order === "stored" ? order : derive(keyOf(order.seed), "epoch", order.epoch ?? 0),
    columns: labels,
    ...(genes && { genes: maskOf(genes, symbols) }),
    ...(where && { where }),
    ...(keep && { keep }),
    ...(window !== undefined && { window }),
    ...(block !== undefined && { block }),
    ...(share && { share }),
    ...(balance !== undefined && { balance }),
    ...(weigh && { weigh }),
    ...(from !== undefined && { from }),
  };
}

/** 1 at each of the genes. */
function maskOf(genes: readonly string[], symbols: readonly string[]): Uint8Array {
  const mask = new Uint8Array(symbols.length);
  const ids = new Map(symbols.map((symbol, id) => [symbol, id]));
  for (const gene of genes) {
    const id = ids.get(gene);
    if (id === undefined) {
      throw new InputError({ message: `Cannot find gene "${gene}": ${suggest(gene, symbols)}` });
    }
    mask[id] = 1;
  }
  return mask;
}
