import assert from "node:assert/strict";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Cause, Effect, Exit, Fiber } from "effect";
import fc from "fast-check";
import { Subject } from "rxjs";
import { InputError } from "../core/errors.ts";
import type { RunEvent } from "../core/events.ts";
import { layoutOf } from "../core/model/program.ts";
import { decodeEvents, encodeEvent } from "../core/report/event_lines.ts";
import type { Bookmark } from "../streams/checkpoint/bookmark.ts";
import { exitCodeOf, sentenceOf } from "../streams/console/ending.ts";
import { keepWeights } from "../streams/experiment/keep_weights.ts";
import { openRun } from "../streams/experiment/open_run.ts";
import { drain } from "../streams/experiment/run_experiment.ts";
import { openLog, orderLog, rewindLog, timeless } from "../streams/run_folder/event_log.ts";
import { heldBy } from "../streams/run_folder/held.ts";
import { intervalOf } from "../streams/run_folder/interval.ts";
import { keeperOf } from "../streams/run_folder/keeper.ts";
import { openRunFolder } from "../streams/run_folder/run_folder.ts";
import { secondsOf, stopwatch } from "../streams/run_folder/stopwatch.ts";
import { withFolder } from "./atlas_folder.ts";
import { numbered } from "./checkpoint_bookmarks.ts";
import { assertSame } from "./first_difference.ts";
import { experimentOf, leftIn, live, registry } from "./resume_lives.ts";

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

Deno.test("stop() makes every seed due and is told once to who waits for it", () => {
  const { keeper } = kept({ steps: 1000 });
  let told = 0;
  keeper.stopping.subscribe(() => told++);
  assert.equal(keeper.isDue(1), false);
  assert.equal(keeper.stopped(), false);
  keeper.stop();
  assert.ok(keeper.stopped() && keeper.isDue(1) && keeper.isDue(2));
  assert.equal(told, 1);
});

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

Deno.test("stopwatch() counts on over lives; a note that cannot be read counts nothing", () =>
  withFolder((folder) => {
    assert.equal(secondsOf(folder), undefined);
    writeFileSync(join(folder, "time.json"), '{"seconds":1000}\n');
    const watch = stopwatch(folder);
    watch.note();
    const noted = secondsOf(folder) ?? 0;
    assert.ok(noted >= 1000 && noted < 2000, `${noted}`);
    const ended = watch.stop();
    assert.ok(ended >= noted);
    watch.note();
    assert.equal(secondsOf(folder), ended, "what is told at the end is what is found later");
    for (const text of ["", "{", "null", '{"seconds":"9"}', "[]"]) {
      writeFileSync(join(folder, "time.json"), text);
      assert.equal(secondsOf(folder), undefined, text);
    }
    return Promise.resolve();
  }));

Deno.test("drain() fails with what each() throws, and interrupted waits for the end that stop() asks for", async () => {
  const numbers = new Subject<number>(),
    ended = (fiber: Fiber.Fiber<void, unknown>) => Effect.runPromise(Fiber.await(fiber));
  const throwing = Effect.runFork(drain(numbers, () => {
    throw new Error("no more");
  }));
  numbers.next(1);
  assert.equal(numbers.observed, false);
  const thrown = await ended(throwing);
  assert.ok(Exit.isFailure(thrown));
  assert.equal(sentenceOf(thrown.cause), "Cannot finish the run: no more");

  for (
    const [ending, code, sentence] of [
      [(all: Subject<number>) => all.complete(), 130, "Interrupted"],
      [
        (all: Subject<number>) => all.error(new InputError({ message: "the disk is full" })),
        1,
        "the disk is full",
      ],
    ] as const
  ) {
    const asked = Promise.withResolvers<void>(), all = new Subject<number>(), seen: number[] = [];
    const fiber = Effect.runFork(drain(all, (n) => seen.push(n), asked.resolve));
    fiber.interruptUnsafe();
    await asked.promise;
    all.next(1);
    ending(all);
    const exit = await ended(fiber);
    assert.ok(Exit.isFailure(exit), "it was interrupted");
    assertSame(seen, [1]);
    assert.equal(sentenceOf(exit.cause), sentence, Cause.pretty(exit.cause));
    assert.equal(exitCodeOf(exit), code);
  }
});

/** A run of few steps, and what it leaves. */
const short = experimentOf({ training: { batch: 20, epochs: 1, rate: 0.01, warmup: 0 } });
const every = { steps: 2 };

Deno.test("openRunFolder() leaves a run alone that another has finished, or begun, since it looked", () =>
  withFolder(async (folder) => {
    for (const end of [undefined, { how: "stop", call: 3 } as const]) {
      const run = join(folder, `${end?.how}`);
      let left: readonly string[] = [];
      const ended = await live(run, {
        experiment: short,
        every,
        // The folder was empty when this life began: the other comes in before it has opened it.
        async meanwhile() {
          await live(run, { experiment: short, every, end });
          left = leftIn(run);
        },
      });
      assert.ok(typeof ended === "object");
      assert.match(
        ended.sentence,
        /^Cannot write run ".*": it holds a run that (has not )?finished/,
      );
      assert.ok(left.length > 2);
      assertSame(leftIn(run), left);
    }
  }));

Deno.test("openRunFolder() is closed when the last bookmark is on the disk, and none comes after", () =>
  withFolder(async (folder) => {
    const nowhere = { seed: 1, leg: 0, step: 0, events: 0, training: undefined, memory: undefined };
    const bookmark: Bookmark = { ...nowhere, trunk: undefined, branch: undefined };
    const open = await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const opened = yield* openRun(short, registry);
      const open = yield* openRunFolder(folder, opened, { every, versions: {} });
      void open.run.keeper?.keep(bookmark);
      return open;
    })));
    const shelf = join(folder, "checkpoints", "seed-1");
    assertSame(readdirSync(shelf), ["000001"]);
    await assert.rejects(
      async () => await open.run.keeper?.keep(bookmark),
      /Cannot keep a run that/,
    );
    assertSame(readdirSync(shelf), ["000001"]);
  }));

Deno.test("openRunFolder() ends a run that was over but for tidying up, as it was", () =>
  withFolder(async (above) => {
    const whole = join(above, "whole"), held = (folder: string) => Effect.runSync(heldBy(folder));
    let copies = 0;
    const places: string[] = [];
    await live(whole, {
      experiment: experimentOf({ seeds: [1, 2], training: short.training }),
      every,
      kept: () => {
        // What lies in the folder just before each bookmark.
        places.push(join(above, `copy-${copies++}`));
        cpSync(whole, places.at(-1)!, { recursive: true });
      },
    });
    const checkpoints = "checkpoints", last = places.at(-1)!;
    assert.equal(held(whole), "a run that finished");
    for (const name of ["events.jsonl", "models"]) {
      cpSync(join(whole, name), join(last, name), { recursive: true });
    }
    // Killed before its checkpoints went, and in the midst of it.
    assert.equal(held(last), "a run that has not finished");
    const tidying = join(above, "tidying");
    cpSync(last, tidying, { recursive: true });
    renameSync(join(tidying, checkpoints), join(tidying, `${checkpoints}.old`));
    assert.equal(held(tidying), "a run that finished");

    const experiment = experimentOf({ seeds: [1, 2], training: short.training });
    assert.equal(await live(last, { experiment, every }), "finished");
    assertSame(leftIn(last), leftIn(whole));
    assert.ok(!existsSync(join(last, checkpoints)));
  }));

Deno.test("heldBy() takes a folder without an experiment for empty, unless it has events", () =>
  withFolder((folder) => {
    const held = () => Effect.runSync(heldBy(folder));
    assert.equal(Effect.runSync(heldBy(join(folder, "nowhere"))), "nothing");
    writeFileSync(join(folder, "lock"), "");
    assert.equal(held(), "nothing");
    writeFileSync(join(folder, "events.jsonl"), encodeEvent({ type: "finished" }));
    assert.equal(held(), "a run that finished");
    writeFileSync(join(folder, "experiment.json"), "{");
    assert.equal(held(), "a run that finished");
    writeFileSync(join(folder, "events.jsonl"), encodeEvent(started));
    assert.equal(held(), "a run that has not finished");
    mkdirSync(join(folder, "checkpoints"));
    writeFileSync(join(folder, "events.jsonl"), encodeEvent({ type: "finished" }));
    assert.equal(held(), "a run that has not finished");
    return Promise.resolve();
  }));

Deno.test("keepWeights() writes within its folder, whatever methods are called", () =>
  fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.constantFrom(
          "../../x",
          "..",
          "/etc/passwd",
          "a/b",
          "a\\b",
          "a\0b",
          ".",
          "",
          "CON",
          "δ",
          "a\nb",
        ),
        fc.string({ unit: "binary", maxLength: 30 }),
      ),
      fc.constantFrom("a b", "δ", "x".repeat(300), "../../x", "method"),
      (method, other) =>
        withFolder(async (above) => {
          fc.pre(method !== other);
          const folder = join(above, "run"), layout = layoutOf([{ name: "../w", shape: [2] }]);
          const keep = keepWeights(folder, { layout, methods: [method, other], symbols: ["A"] });
          const place = { methods: [method], seed: 1, stage: 2 };
          const file = await keep(Float32Array.of(1, 2), place, undefined);
          assert.match(file, /^models\/seed-1-stage-2-[a-z0-9.-]+\.safetensors$/);
          const second = await keep(
            Float32Array.of(3, 4),
            { ...place, methods: [other] },
            undefined,
          );
          assertSame(readdirSync(above), ["run"]);
          const names = [file, second].map((path) => path.slice("models/".length)).sort();
          assertSame(readdirSync(join(folder, "models")).sort(), names);
        }),
    ),
  ));
