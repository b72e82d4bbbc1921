import assert from "node:assert/strict";
import { Effect } from "effect";
import fc from "fast-check";
import type { Bookmark } from "../streams/checkpoint/bookmark.ts";
import { intervalOf } from "../streams/run_folder/interval.ts";
import { keeperOf } from "../streams/run_folder/keeper.ts";
import { numbered } from "./checkpoint_bookmarks.ts";
import { assertSame } from "./first_difference.ts";

Deno.test("intervalOf() reads steps and times, and refuses anything else in a sentence", () => {
  const of = (words: string) => Effect.runSync(intervalOf(words));
  assertSame(of("500 steps"), { steps: 500 });
  assertSame(of("1 step"), { steps: 1 });
  assertSame(
    ["30s", "5min", "1.5 h", " 2 h "].map(of),
    [30, 300, 5400, 7200].map((seconds) => ({
      seconds,
    })),
  );
  for (
    const words of ["", "5", "0 steps", "1.5 steps", "-1s", "5 days", "1e3 s", "steps", "NaN s"]
  ) {
    assert.throws(() => of(words), /Cannot keep a run every ".*": write steps or a time, such as/);
  }
});

/** A keeper with a clock of its own; it writes down what it keeps. */
function kept(every: Parameters<typeof keeperOf>[0]["every"]) {
  const written: Bookmark[] = [], time = { now: 0 };
  const keeper = keeperOf({
    found: new Map(),
    every,
    clock: { now: () => time.now },
    write: (bookmark) => Promise.resolve(void written.push(bookmark)),
  });
  return { written, time, keeper };
}

Deno.test("isDue() comes true after so many steps of a seed, whatever other seeds do", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 60 }),
      async (steps, seeds) => {
        const { keeper } = kept({ steps }), made = new Map<number, number>();
        for (const seed of seeds) {
          const own = (made.get(seed) ?? 0) + 1;
          made.set(seed, own);
          const due = keeper.isDue(seed);
          assert.equal(due, own % steps === 0);
          if (due) await keeper.keep({ ...numbered(own), seed });
        }
      },
    ),
  ));

Deno.test("isDue() comes true once after the time, however the clock jumps ahead", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.oneof(fc.nat(9), fc.constantFrom(0, 86_400, 1e9)), { maxLength: 60 }),
      async (seconds, jumps) => {
        const { keeper, time } = kept({ seconds });
        keeper.isDue(1);
        let last = time.now;
        for (const jump of jumps) {
          time.now += jump;
          const due = keeper.isDue(1);
          assert.equal(due, time.now - last >= seconds);
          if (!due) continue;
          await keeper.keep(numbered(1));
          last = time.now;
          assert.equal(keeper.isDue(1), false);
        }
      },
    ),
  ));

Deno.test("stop() is told once to who waits for it, and makes no seed due by itself", () => {
  const { keeper } = kept({ steps: 1000 });
  let told = 0;
  keeper.stopping.subscribe(() => told++);
  assert.equal(keeper.isDue(1), false);
  assert.equal(keeper.stopped(), false);
  keeper.stop();
  assert.ok(keeper.stopped() && !keeper.isDue(1));
  assert.equal(told, 1);
});
