import { match, ok, rejects } from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeEvents } from "../core/report/event_lines.ts";
import { Effect } from "effect";
import type { RunEvent } from "../core/events.ts";
import { advance, type Progress, progressInWords } from "../core/report/progress.ts";
import { events } from "../plugins/reporters/events.ts";
import { progress } from "../plugins/reporters/progress.ts";
import { openCounter } from "../streams/console/counter.ts";
import { table } from "../plugins/reporters/table.ts";
import { guarded } from "../streams/console/guarded.ts";
import { Screen } from "../streams/console/screen.ts";
import { assertSame } from "./first_difference.ts";
import { report, reporterLaws } from "./laws/reporter_laws.ts";
import { spyScreen } from "./laws/spy_screen.ts";
import { folderOfTests } from "./atlas_folder.ts";

const folder = folderOfTests();

const file = join(folder, "law", "events.jsonl");
reporterLaws("table()", () => table());
reporterLaws("table({ format: csv })", () => table({ format: "csv" }));
reporterLaws("progress()", () => progress({ every: 2 }));
reporterLaws("events()", () => events({ file }), () => {
  const text = readFileSync(file, "utf8");
  rmSync(file);
  return text;
});

/** A run of 20 steps of 10 cells. */
const run: readonly RunEvent[] = [
  {
    type: "started",
    experiment: "demo",
    methods: ["baseline", "replay"],
    seeds: [4, 7],
    engine: "cpu",
    cells: 100,
    genes: 10,
    steps: 20,
    estimate: 60,
    stages: [{ name: "base", genes: 6, cells: 50 }, { name: "T1", genes: 4, cells: 50 }],
    evaluators: [],
  },
  { type: "stage", methods: ["baseline", "replay"], seed: 7, stage: 1, steps: 20 },
  ...Array.from({ length: 20 }, (_, i) => ({
    type: "step" as const,
    methods: ["replay"],
    seed: 7,
    stage: 1,
    step: i + 1,
    cells: 10,
    loss: 0.5,
  })),
];

Deno.test("progress() prints a line now and then where there is no terminal", async () => {
  const screen = spyScreen("pipe");
  await report(progress({ every: 10 }), run, screen);
  // Step 9 comes after 10 s: 11 more take 10 / 9 · 11 = 12 s.
  assertSame(screen.told().split("\n"), [
    'Run "demo": baseline, replay; seeds 4, 7.',
    "100 cells, 10 genes; stages: base 6 genes and 50 cells; T1 4 genes and 50 cells.",
    "20 steps on cpu, about 1 min of training and predicting alone.",
    "starting",
    "replay seed 2/2 stage 1/1, step 9/20, loss 0.500, 10 cells/s, 0:12 left",
    "replay seed 2/2 stage 1/1, step 19/20, loss 0.500, 10 cells/s, 0:01 left",
    "",
  ]);
  assertSame(screen.printed(), "");
});

Deno.test("advance() tells the pace of a run that goes on from what it does now", () => {
  const told = run.slice(0, 12), [eleventh, twelfth] = run.slice(12);
  const taken = [...told, { type: "resumed" as const }].reduce(
    (progress, event) => advance(progress, event, 3),
    undefined as Progress | undefined,
  );
  const say = (progress: Progress | undefined, now: number) => {
    const { step, speed, left } = progressInWords(progress!, now);
    return [step, speed, left];
  };
  assertSame(say(taken, 3), ["step 10/20", "", ""]);
  const first = advance(taken, eleventh, 8), second = advance(first, twelfth, 9);
  // Nine steps more at the pace of one in 5 s, then eight at that of two in 6 s.
  assertSame(say(first, 8), ["step 11/20", "", "0:45 left"]);
  assertSame(say(second, 9), ["step 12/20", "10 cells/s", "0:24 left"]);
});

Deno.test("progress() shows the cursor again when it is closed in the middle", async () => {
  const screen = spyScreen("terminal");
  await report(progress(), run.slice(0, 9), screen);
  ok(screen.told().includes("\x1b[?25l"), "the bar hides the cursor");
  ok(screen.told().lastIndexOf("\x1b[?25h") > screen.told().lastIndexOf("\x1b[?25l"));
  match(screen.told(), /replay seed 2\/2 stage 1\/1 █+░+ step 7\/20 loss 0\.500/);
});

Deno.test("progress() keeps warnings in sight", async () => {
  const warning = { type: "warning" as const, message: "the disk is nearly full" };
  for (const kind of ["pipe", "terminal"] as const) {
    const screen = spyScreen(kind);
    await report(progress(), [...run.slice(0, 9), warning, ...run.slice(9)], screen);
    ok(screen.told().includes("Warning: the disk is nearly full\n"), kind);
  }
});

Deno.test("openCounter() keeps to the width of the terminal and says how long it takes", async () => {
  for (const columns of [20, 40, 80]) {
    const screen = spyScreen("terminal", columns), pipe = spyScreen("pipe");
    for (const to of [screen, pipe]) {
      const counting = Effect.flatMap(openCounter("cells"), (show) =>
        Effect.promise(async () => {
          // Time to begin, and cells of an earlier life, say nothing of the time that is left.
          to.wait(100);
          show(500, 4000);
          // The bar is not drawn more often than every fifth of a second.
          await new Promise((drawn) => setTimeout(drawn, 250));
          to.wait(5);
          show(1000, 4000);
        }));
      await Effect.runPromise(
        Effect.scoped(counting).pipe(Effect.provideService(Screen, to)),
      );
    }
    assertSame(pipe.told(), "500 of 4,000 cells\n1,000 of 4,000 cells, 0:30 left\n");
    // deno-lint-ignore no-control-regex
    const shown = screen.told().replaceAll(/\x1b(\[\?\d+[hl]|\[\d*[GK]|[78])/g, "\n").split("\n");
    ok(shown.some((line) => line.startsWith("1,000 of 4,000 cell")));
    // A terminal erases the last character of a full line with what stands behind it.
    for (const line of shown) ok(line.length < columns, line);
    if (columns > 20) ok(shown.some((line) => / █+░+ 0:30 left$/.test(line)));
  }
});

Deno.test("events() appends to what an earlier run left", async () => {
  const file = join(folder, "twice.jsonl");
  for (let i = 0; i < 2; i++) await report(events({ file }), run, spyScreen("pipe"));
  assertSame(decodeEvents(readFileSync(file, "utf8")), [...run, ...run]);
});

Deno.test("events() writes to what is no file, too", async () => {
  // There is no disk that it could wait for.
  await report(events({ file: "/dev/null" }), run, spyScreen("pipe"));
  assertSame(readFileSync("/dev/null", "utf8"), "");
});

Deno.test("events() refuses a path that cannot be written before the run starts", async () => {
  const blocked = join(folder, "file");
  writeFileSync(blocked, "");
  const file = join(blocked, "events.jsonl");
  await rejects(report(events({ file }), run, spyScreen("pipe")), /Cannot write events ".*": /);
  ok(!existsSync(file));
});

Deno.test("guarded() says once that a reporter failed, and never throws", () => {
  const warnings: string[] = [];
  let calls = 0;
  const listen = guarded('Reporter "mine"', () => {
    calls++;
    throw new Error("no paper");
  }, (line) => warnings.push(line));
  run.forEach(listen);
  assertSame(warnings, [`Reporter "mine" stops, the run goes on: no paper`]);
  assertSame(calls, 1);
});

Deno.test("guarded() says once that a reporter failed whom nobody waited for", async () => {
  const warnings: string[] = [];
  let calls = 0;
  const listen = guarded('Reporter "mine"', async () => {
    calls++;
    await Promise.resolve();
    throw new Error("nobody answers");
  }, (line) => warnings.push(line));
  run.slice(0, 2).forEach(listen);
  await new Promise((settled) => setTimeout(settled));
  run.forEach(listen);
  assertSame(warnings, [`Reporter "mine" stops, the run goes on: nobody answers`]);
  assertSame(calls, 2);
});

Deno.test("guarded() hands on every event", () => {
  const seen: RunEvent[] = [];
  run.forEach(guarded('Reporter "mine"', (event) => seen.push(event), () => {}));
  assertSame(seen, run);
});
