import assert from "node:assert/strict";
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Effect } from "effect";
import fc from "fast-check";
import type { RunEvent } from "../core/events.ts";
import { decodeEvents, encodeEvent } from "../core/report/event_lines.ts";
import { openLog, orderLog, rewindLog, timeless } from "../streams/run_folder/event_log.ts";
import { withFolder } from "./atlas_folder.ts";
import { assertSame } from "./first_difference.ts";

const step = (seed: number, step: number): RunEvent => ({
  ...{ type: "step", methods: ["a"], seed, stage: 0, step, cells: 8, loss: 1 / step },
});
const started: RunEvent = {
  ...{ type: "started", experiment: "e", methods: ["a"], seeds: [1, 2, 3], engine: "cpu" },
  ...{ cells: 9, genes: 9, steps: 9, stages: [], evaluators: [] },
};

Deno.test("rewindLog() keeps how it started and of each seed its first events, in their order", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 40 }),
      fc.tuple(fc.nat(12), fc.nat(12)),
      fc.string({ unit: "grapheme-ascii" }).filter((torn) => !torn.includes("\n")),
      (seeds, asked, torn) =>
        withFolder(async (folder) => {
          const told = [0, 0, 0, 0];
          const events = [started, ...seeds.map((seed) => step(seed, ++told[seed]))];
          const file = join(folder, "events.jsonl");
          writeFileSync(file, events.map(encodeEvent).join("") + encodeEvent({ type: "finished" }));
          writeFileSync(file, torn, { flag: "a" });
          // Of the third seed nothing was kept.
          const counts = new Map(asked.map((count, i) => [i + 1, Math.min(count, told[i + 1])]));
          const back = await Effect.runPromise(rewindLog(file, counts));
          const expected = events.filter((event) =>
            event.type !== "step" || event.step <= (counts.get(event.seed) ?? 0)
          );
          assertSame([...back], expected);
          assertSame(decodeEvents(readFileSync(file, "utf8")), expected);
          assertSame([...await Effect.runPromise(rewindLog(file, counts))], expected);
          assertSame(readdirSync(folder), ["events.jsonl"]);
        }),
    ),
    { numRuns: 60 },
  ));

Deno.test("rewindLog() refuses a log that lacks what a bookmark counts", () =>
  withFolder(async (folder) => {
    const file = join(folder, "events.jsonl"),
      refuses = (why: RegExp) =>
        assert.rejects(Effect.runPromise(rewindLog(file, new Map([[2, 3]]))), why);
    await refuses(/: 0 of the 3 that were told of seed 2 are there; begin the run anew in another/);
    writeFileSync(file, [started, step(2, 1), step(1, 1), step(2, 2)].map(encodeEvent).join(""));
    await refuses(/: 2 of the 3 that were told of seed 2 are there/);
    assert.equal(decodeEvents(readFileSync(file, "utf8")).length, 4);
  }));

Deno.test("rewindLog() reads a log across the pieces in which it comes, and names a damaged line", () =>
  withFolder(async (folder) => {
    const file = join(folder, "events.jsonl"), count = 12_000;
    const steps = Array.from({ length: count }, (_, i) => ({ ...step(1, i + 1), methods: ["é"] }));
    const text = steps.map((event) => encodeEvent(event)).join("");
    assert.ok(text.length > 1 << 20, "it comes in one piece");
    writeFileSync(file, text);
    const back = await Effect.runPromise(rewindLog(file, new Map([[1, count]])));
    assertSame([...back], steps);
    assert.equal(readFileSync(file, "utf8"), text);
    writeFileSync(file, text.replace('"step":11000,', '"step":x,'));
    const refused = Effect.runPromise(rewindLog(file, new Map([[1, count]])));
    await assert.rejects(
      refused,
      /^InputError: Cannot read events ".*": line 11000 is not a run event/,
    );
  }));

Deno.test("orderLog() brings seeds that ran side by side into one order", () =>
  withFolder(async (folder) => {
    const file = join(folder, "events.jsonl");
    const mixed = [started, step(3, 1), step(1, 1), step(3, 2), step(1, 2)];
    writeFileSync(file, [...mixed, { type: "finished" } as const].map(encodeEvent).join(""));
    await Effect.runPromise(orderLog(file, [3, 2, 1]));
    assertSame(decodeEvents(readFileSync(file, "utf8")), [
      ...[started, step(3, 1), step(3, 2), step(1, 1), step(1, 2)],
      { type: "finished" },
    ]);
  }));

Deno.test("openLog() appends what does not depend on the day, and notices that its file is gone", () =>
  withFolder((folder) =>
    Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const file = join(folder, "events.jsonl"), log = yield* openLog(file);
      log.append({ ...started, estimate: 9 });
      log.append({ type: "finished", seconds: 3 });
      log.sync();
      assertSame(decodeEvents(readFileSync(file, "utf8")), [started, { type: "finished" }]);
      assertSame(timeless(step(1, 1)), step(1, 1));
      renameSync(file, `${file}.old`);
      log.sync(); // it is there under another name
      writeFileSync(`${file}.new`, "");
      renameSync(`${file}.new`, `${file}.old`);
      assert.throws(
        () => log.sync(),
        /^InputError: Cannot write events ".*": somebody has removed/,
      );
    })))
  ));
