import assert from "node:assert/strict";
import { Effect, Exit, Fiber, type Scope } from "effect";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lastValueFrom, toArray } from "rxjs";
import { type GilError, type OpenedRun, openRun, type Run, walk } from "../mod.ts";
import type { RunEvent } from "../core/events.ts";
import { reporter, source } from "../core/plugin.ts";
import type { Registry } from "../core/registry.ts";
import { decodeEvents } from "../core/report/event_lines.ts";
import { Screen } from "../streams/console/screen.ts";
import { checkFile } from "../streams/experiment/check_file.ts";
import { runExperiment } from "../streams/experiment/run_experiment.ts";
import { resumeRun, runFile } from "../streams/experiment/run_file.ts";
import { withFolder } from "./atlas_folder.ts";
import { assertSame } from "./first_difference.ts";
import { spyScreen } from "./laws/spy_screen.ts";
import { experimentOf, leftIn, registry } from "./resume_lives.ts";

/** A plugin file as a user writes it. */
const DIARY = `
import { Effect, Schema } from "effect";
import { place, reporter, required } from "gil";
import { appendFileSync } from "node:fs";

export const diary = reporter({
  id: "diary",
  purpose: "notes what happened, a word a line",
  config: { file: place(required(Schema.String, "where")) },
  make: ({ file }) => Effect.succeed((event) => appendFileSync(file, event.type + "\\n")),
});
`;
const diary = { use: "diary", file: "diary.txt" };

/** Writes that plugin and a small experiment with some reporters; the experiment's path. */
function written(folder: string, reporters: readonly object[], change: object = {}): string {
  const path = join(folder, "small.json"), training = { batch: 20, epochs: 1, warmup: 0 };
  const experiment = experimentOf({ training, plugins: ["./diary.ts"], reporters, ...change });
  writeFileSync(join(folder, "diary.ts"), DIARY);
  writeFileSync(path, JSON.stringify(experiment));
  return path;
}

const options = { every: { steps: 1 }, versions: {}, results: "table" } as const;

/** Runs an effect to its end on a screen of its own; `begun` gets what interrupts it. */
async function on<A, E>(effect: Effect.Effect<A, E>, begun: (stop: () => void) => void = () => {}) {
  const screen = spyScreen("pipe");
  const fiber = Effect.runFork(Effect.provideService(effect, Screen, screen));
  begun(() => fiber.interruptUnsafe());
  return { exit: await Effect.runPromise(Fiber.await(fiber)), screen };
}

/** The box, and a reporter that tells what it hears. */
const telling = (listen: (event: RunEvent) => void): Registry => ({
  ...registry,
  telling: reporter({
    id: "telling",
    purpose: "tells the test",
    config: {},
    make: () => Effect.succeed(listen),
  }),
});
const types = (events: readonly RunEvent[]) => events.map(({ type }) => type);

Deno.test("runFile() tells the reporters of an experiment, whose paths are relative to it", () =>
  withFolder(async (folder) => {
    const events: RunEvent[] = [], log = { use: "events", file: "logs/log.jsonl" };
    const path = written(folder, [log, { use: "telling" }, diary]);
    const { exit, screen } = await on(
      runFile(path, telling((event) => events.push(event)), options),
    );
    assert.ok(Exit.isSuccess(exit));
    assert.ok(events.length > 10);
    assertSame(decodeEvents(readFileSync(join(folder, log.file), "utf8")), events);
    assertSame(readFileSync(join(folder, diary.file), "utf8").trim().split("\n"), types(events));
    assert.match(screen.printed(), /baseline/, "the table is printed all the same");
  }));

Deno.test("runFile() goes on where a reporter throws, and says so once", () =>
  withFolder(async (folder) => {
    const events: RunEvent[] = [];
    const box = telling((event) => events.push(event));
    const torn = reporter({
      id: "torn",
      purpose: "throws whenever it can",
      config: {},
      make: () =>
        Effect.as(Effect.addFinalizer(() => Effect.die(new Error("no glue"))), () => {
          throw new Error("no paper");
        }),
    });
    const path = written(folder, [{ use: "torn" }, { use: "telling" }]);
    const { exit, screen } = await on(runFile(path, { ...box, torn }, options));
    assert.ok(Exit.isSuccess(exit));
    assertSame([types(events)[0], types(events).at(-1)], ["started", "finished"]);
    const said = screen.told().split("\n").filter((line) => line.includes("torn"));
    assertSame(said, [
      'Reporter "torn" stops, the run goes on: no paper',
      'Cannot close reporter "torn": no glue',
    ]);
  }));

Deno.test("runExperiment() goes on where a listener throws, and tells the others", async () => {
  const events: RunEvent[] = [];
  const listeners = [() => {
    throw new Error("no paper");
  }, (event: RunEvent) => void events.push(event)];
  const experiment = experimentOf({ training: { batch: 20, epochs: 1, warmup: 0 } });
  const { exit, screen } = await on(
    Effect.scoped(runExperiment(experiment, registry, { listeners })),
  );
  assert.ok(Exit.isSuccess(exit));
  assertSame([types(events)[0], types(events).at(-1)], ["started", "finished"]);
  assertSame(screen.told(), "Listener 1 stops, the run goes on: no paper\n");
});

Deno.test("checkFile() refuses a reporter that is not there, and opens none", () =>
  withFolder(async (folder) => {
    const { exit } = await on(checkFile(written(folder, [{ use: "dairy" }]), registry));
    assert.match(
      String(Exit.findErrorOption(exit)),
      /Cannot find reporter "dairy": did you mean/,
    );
    const path = written(folder, [{ use: "events", file: "log.jsonl" }, diary]);
    assert.ok(Exit.isSuccess((await on(checkFile(path, registry))).exit));
    assertSame(readdirSync(folder).sort(), ["diary.ts", "small.json"]);
  }));

for (const change of ["the same", "other", "no"] as const) {
  Deno.test(`resumeRun() goes on with ${change} reporters; they hear the run from its start`, () =>
    withFolder(async (folder) => {
      const output = join(folder, "run"), undisturbed = join(folder, "undisturbed");
      const log = { use: "events", file: "log.jsonl" };
      const path = written(folder, [log, { use: "telling" }]);
      await on(runFile(path, telling(() => {}), { ...options, output: undisturbed }));

      let stop = () => {};
      const box = telling((event) => event.type === "step" && event.step === 2 && stop());
      const begun = (interrupt: () => void) => void (stop = interrupt);
      const { screen } = await on(runFile(path, box, { ...options, output }), begun);
      assert.match(screen.told(), /"gil resume .*run" goes on with it\n$/);
      const file = join(output, "experiment.json"),
        experiment = JSON.parse(readFileSync(file, "utf8"));
      const otherFile = join(folder, "other.jsonl"), others = [{ use: "events", file: otherFile }];
      const changes = {
        "the same": {},
        other: { reporters: others },
        no: { plugins: [], reporters: [] },
      };
      writeFileSync(file, JSON.stringify({ ...experiment, ...changes[change] }));
      if (change === "other") writeFileSync(join(folder, "diary.ts"), `${DIARY}// Mended.\n`);

      const { exit } = await on(resumeRun(output, telling(() => {}), options));
      assert.ok(Exit.isSuccess(exit));
      const but = (files: readonly string[]) =>
        files.filter((file) => !file.startsWith("/experiment.json"));
      assertSame(but(leftIn(output)), but(leftIn(undisturbed)));
      if (change === "no") return;
      const logged = decodeEvents(
        readFileSync(change === "other" ? otherFile : join(folder, log.file), "utf8"),
      );
      const told = logged.slice(types(logged).lastIndexOf("started"));
      const whole = decodeEvents(readFileSync(join(output, "events.jsonl"), "utf8"));
      assertSame(types(told).filter((type) => type !== "resumed"), types(whole));
      assert.ok(types(told).includes("resumed"));
    }));
}

Deno.test("runFile() speaks of no gil resume where there is nothing to go on with", () =>
  withFolder(async (folder) => {
    const opening = Promise.withResolvers<void>();
    const slow = source({
      id: "slow",
      purpose: "takes its time",
      config: {},
      make: () => Effect.andThen(Effect.sync(opening.resolve), Effect.never),
    });
    const path = written(folder, [], { source: { use: "slow" } }), output = join(folder, "run");
    const run = runFile(path, { ...registry, slow }, { ...options, output });
    const { exit, screen } = await on(run, (stop) => void opening.promise.then(stop));
    assert.ok(Exit.isFailure(exit) && !existsSync(output));
    assert.doesNotMatch(screen.told(), /gil resume/);
  }));

Deno.test("a program of its own opens a run and walks it", async () => {
  const experiment = experimentOf({ training: { batch: 20, epochs: 1, warmup: 0 } });
  const open: Effect.Effect<OpenedRun, GilError, Scope.Scope> = openRun(experiment, registry);
  const eventsOf = (run: Run) => Effect.promise(() => lastValueFrom(walk(run).pipe(toArray())));
  const told = await Effect.runPromise(
    Effect.scoped(Effect.flatMap(open, ({ run }) => eventsOf(run))),
  );
  assert.ok(types(told).includes("step") && types(told).includes("score"), types(told).join());
});
