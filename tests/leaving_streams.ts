/**
 * Leaves streams of the atlas in the folder that is named, in every way there is, and tells what is
 * open afterwards; for a test that runs it in a process of its own.
 *
 * @module
 */

import process from "node:process";
import { take, throwError } from "rxjs";
import { streamAtlas } from "../streams/reading/stream_atlas.ts";
import { openFiles, workerThreads } from "./what_is_open.ts";

const [folder] = Deno.args;

const files = () => openFiles(folder), threads = () => workerThreads().length;

const WAYS: Readonly<Record<string, (workers: number) => Promise<unknown>>> = {
  async whole(workers) {
    for await (const _ of stream(workers));
  },
  async break(workers) {
    for await (const _ of stream(workers)) break;
  },
  async throw(workers) {
    for await (const _ of stream(workers)) throw new Error("mine");
  },
  async abort(workers) {
    const ending = new AbortController();
    for await (const _ of stream(workers, ending.signal)) ending.abort();
  },
  async abortWhileReading(workers) {
    const ending = new AbortController();
    const reading = Array.fromAsync(stream(workers, ending.signal), () => undefined);
    setTimeout(() => ending.abort(), 3);
    await reading;
  },
  take: (workers) => finished(stream(workers).observable().pipe(take(3))),
  fail: (workers) =>
    finished(stream(workers).observable(() => throwError(() => new Error("mine")))),
};

const stream = (workers: number, signal?: AbortSignal) =>
  streamAtlas(folder, { batch: 9, window: 60, block: 7, workers, ...(signal && { signal }) });

const finished = (observable: ReturnType<ReturnType<typeof stream>["observable"]>) =>
  new Promise<void>((resolve, reject) =>
    observable.subscribe({ complete: resolve, error: reject })
  );

let most = 0;
const watch = setInterval(() => most = Math.max(most, threads()), 1);
for (const workers of [0, 2]) {
  for (const [name, leave] of Object.entries(WAYS)) {
    await leave(workers).catch(() => undefined);
    // Threads end some time after they were told to.
    for (let wait = 0; wait < 1000 && threads() + files() > 0; wait++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    console.log(`${name} ${workers}: ${files()} files, ${threads()} workers`);
    if (threads() + files() > 0) process.exit(1);
  }
}
clearInterval(watch);
console.log(`at most ${most} workers`);
process.on("exit", () => console.log("end"));
