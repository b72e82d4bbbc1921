import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Cause, Effect, Exit, Fiber } from "effect";
import fc from "fast-check";
import { Subject } from "rxjs";
import { InputError } from "../core/errors.ts";
import { layoutOf } from "../core/model/program.ts";
import { encodeEvent } from "../core/report/event_lines.ts";
import type { Bookmark } from "../streams/checkpoint/bookmark.ts";
import { exitCodeOf, sentenceOf } from "../streams/console/ending.ts";
import { keepWeights } from "../streams/experiment/keep_weights.ts";
import { openRun } from "../streams/experiment/open_run.ts";
import { drain } from "../streams/experiment/run_experiment.ts";
import { heldBy } from "../streams/run_folder/held.ts";
import { openRunFolder } from "../streams/run_folder/run_folder.ts";
import { secondsOf, stopwatch } from "../streams/run_folder/stopwatch.ts";
import { withFolder } from "./atlas_folder.ts";
import { assertSame } from "./first_difference.ts";
import { experimentOf, leftIn, live, registry } from "./resume_lives.ts";

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
    writeFileSync(
      join(folder, "events.jsonl"),
      encodeEvent({ type: "warning", message: "it goes on" }),
    );
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
