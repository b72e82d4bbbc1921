import { equal, rejects } from "node:assert/strict";
import { join } from "node:path";
import { Effect } from "effect";
import type { CellBatch } from "../core/batch.ts";
import { keyOf } from "../core/random.ts";
import { openAtlas } from "../streams/atlas/open_atlas.ts";
import { readingScope } from "../streams/reading/reading_scope.ts";
import { folderOfTests } from "./atlas_folder.ts";
import { assertSame } from "./first_difference.ts";
import { writeSmallAtlas } from "./resume_process.ts";

const atlas = join(folderOfTests(), "atlas");
await writeSmallAtlas(atlas);

const CLOSED = { name: "RangeError", message: "Cannot go on reading: the atlas is closed" };
const REQUEST = { batch: 30, order: keyOf(1), window: 30, block: 5 };
const END = { done: true, value: undefined };

/** What `leave` makes of an iteration in the middle; its atlas is closed meanwhile. */
async function orphan<A>(
  workers: number,
  leave: (batches: AsyncIterator<CellBatch>) => A,
): Promise<{ readonly batches: AsyncIterator<CellBatch>; readonly left: A }> {
  const reading = Effect.flatMap(
    openAtlas(atlas, { workers }),
    ({ read }) =>
      Effect.promise(async () => {
        const batches = read(REQUEST)[Symbol.asyncIterator]();
        equal((await batches.next()).done, false);
        return { batches, left: leave(batches) };
      }),
  );
  return await Effect.runPromise(Effect.scoped(reading));
}

for (const workers of [0, 2]) {
  Deno.test(`read() of an atlas that is closed says so, and nothing after that: ${workers} workers`, async () => {
    const { batches } = await orphan(workers, () => undefined);
    await rejects(batches.next(), CLOSED);
    assertSame(await batches.next(), END);
  });

  Deno.test(`read() of an atlas that is closed can be left: ${workers} workers`, async () => {
    const { batches } = await orphan(workers, () => undefined);
    assertSame(await batches.return?.(), END);
  });
}

Deno.test("read() that waits when its atlas is closed says so", async () => {
  // The next batch is of another window, which takes more than a turn of the event loop.
  const { left } = await orphan(0, (batches) => rejects(batches.next(), CLOSED));
  await left;
});

Deno.test("kept() closes once, and the scope waits for a close that is under way", async () => {
  let begun = 0, over = 0;
  const closing = Effect.map(readingScope("it is over"), ({ kept }) => {
    const { close } = kept({
      async close() {
        begun++;
        await new Promise((resolve) => setTimeout(resolve, 5));
        over++;
      },
    });
    void close();
    void close();
  });
  await Effect.runPromise(Effect.scoped(closing));
  assertSame([begun, over], [1, 1]);
});
