/**
 * Reads the atlas in the folder that is named, pass after pass, and tells which threads decode and
 * which files are open; for a test that runs it in a process of its own.
 *
 * @module
 */

import process from "node:process";
import { Effect, Exit, Scope } from "effect";
import { keyOf } from "../core/random.ts";
import { type Atlas, openAtlas } from "../streams/atlas/open_atlas.ts";
import { openFiles, workerThreads } from "./what_is_open.ts";

const [folder] = Deno.args;

const files = () => openFiles(folder), threads = workerThreads;

/**
 * Waits, as threads end and files close some time after they were told to; but not until workers end
 * that nobody told.
 */
async function until(isSo: () => boolean): Promise<void> {
  for (let left = 400; left > 0 && !isSo(); left--) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
const opened = (scope: Scope.Scope) =>
  Effect.runPromise(Scope.provide(openAtlas(folder, { workers: 2 }), scope));
const begin = (atlas: Atlas, seed: number) =>
  atlas.lend({ batch: 9, window: 60, block: 7, order: keyOf(seed) });

async function pass(atlas: Atlas, seed: number): Promise<number> {
  let cells = 0;
  for await (const batch of begin(atlas, seed)) cells += batch.cells.length;
  return cells;
}
const has = (all: readonly string[], some: readonly string[]) =>
  some.every((thread) => all.includes(thread)) ? "the same" : "others";

const scope = await Effect.runPromise(Scope.make()), atlas = await opened(scope);
console.log(`a pass: ${await pass(atlas, 1)} cells, ${threads().length} workers`);
const first = threads();
console.log(`another: ${await pass(atlas, 2)} cells, ${threads().length} workers`);
console.log(`they are ${has(threads(), first)}`);
await until(() => files() === 0);
console.log(`between passes: ${files()} files`);
const both = await Promise.all([pass(atlas, 3), pass(atlas, 4)]);
console.log(`two at once: ${both.join(" and ")} cells, ${threads().length} workers`);
const rest = begin(atlas, 5);
await rest.next();
await rest.return();
await until(() => threads().length === 2);
console.log(`a pass that is left: ${threads().length} workers, ${files()} files`);
const runs = begin(atlas, 6);
await runs.next();
await pass(atlas, 7);
console.log(`two at work and two that wait: ${threads().length} workers`);
await Effect.runPromise(Scope.close(scope, Exit.void));
await until(() => threads().length === 0 && files() === 0);
console.log(`closed: ${threads().length} workers, ${files()} files`);

// An atlas that nobody closes: two of its workers wait when this process ends, and two are in the
// middle of a pass that was forgotten.
const open = await opened(await Effect.runPromise(Scope.make())), forgotten = begin(open, 8);
await forgotten.next();
await pass(open, 1);
process.on("exit", () => console.log(`end: ${threads().length} workers`));
// Before they have waited so long that they end, if anything keeps this process alive.
setTimeout(() => process.exit(1), 8000).unref();
