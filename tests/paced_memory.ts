/**
 * Reads an atlas behind a slow consumer in a process of its own, and tells how much memory rose
 * meanwhile; for a test.
 *
 * @module
 */

import { memoryUsage } from "node:process";
import { setTimeout } from "node:timers/promises";
import { Effect } from "effect";
import { lastValueFrom } from "rxjs";
import { keyOf } from "../core/random.ts";
import { type Atlas, openAtlas } from "../streams/atlas/open_atlas.ts";
import { paced } from "../streams/paced.ts";

const [path] = Deno.args;

/** Collects garbage; there where the process was started so. */
const { gc } = globalThis as unknown as { readonly gc: () => void };

/** Bytes in use: batches that somebody holds, not those that nobody has collected yet. */
function used(): number {
  gc();
  const { heapUsed, external } = memoryUsage();
  return heapUsed + external;
}

async function read(atlas: Atlas) {
  const before = used();
  let peak = 0, outstanding = 0, most = 0, cells = 0, batches = 0;
  async function* source() {
    for await (const batch of atlas.read({ batch: 512, order: keyOf(1) })) {
      most = Math.max(most, ++outstanding);
      yield batch;
    }
  }
  await lastValueFrom(paced(source(), async (batch) => {
    await setTimeout(1);
    if (batches++ % 8 === 0) peak = Math.max(peak, used() - before);
    cells += batch.cells.length;
    outstanding--;
  }));
  return { rise: peak, most, missing: atlas.cells - cells };
}

const program = Effect.flatMap(openAtlas(path), (atlas) => Effect.promise(() => read(atlas)));
console.log(JSON.stringify(await Effect.runPromise(Effect.scoped(program))));
