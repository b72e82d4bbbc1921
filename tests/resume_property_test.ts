import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import fc from "fast-check";
import type { Experiment } from "../core/experiment.ts";
import type { Bookmark } from "../streams/checkpoint/bookmark.ts";
import { bitsOf } from "./checkpoint_bookmarks.ts";
import { assertSame } from "./first_difference.ts";
import {
  type End,
  experimentOf,
  leftIn,
  live,
  operators,
  withQuickFolder,
  WRECKED,
} from "./resume_lives.ts";

/** Experiments that are tried; more of them find more. */
const RUNS = Number(process.env.GIL_RESUME_RUNS ?? 6);

const methods = {
  baseline: {},
  oracle: { stages: "joint" },
  beside: { replay: { use: "reservoir", cells: 7 } },
  concat: { replay: { use: "reservoir", cells: 9, mode: "concat" } },
  "gene teacher": { distiller: { use: "gene-distillation", weight: 2 } },
  "feature teacher": { distiller: { use: "feature-distillation" } },
  both: { replay: { use: "reservoir", cells: 5 }, distiller: { use: "gene-distillation" } },
};
const small = { width: 4, embedding: 4 };
const architectures = [
  { use: "transformer", layers: 1, heads: 2, dropout: 0.3, ...small },
  { use: "cnn", layers: 2, dropout: 0.1, ...small },
  { use: "mlp-ours", layers: 1, ...small },
];

const anyExperiment: fc.Arbitrary<Experiment> = fc.record({
  stages: fc.constantFrom(1, 2, 2, 3),
  names: fc.uniqueArray(fc.constantFrom(...Object.keys(methods)), { minLength: 1, maxLength: 3 }),
  architecture: fc.constantFrom(...architectures),
  batch: fc.integer({ min: 3, max: 10 }),
  epochs: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 1, maxLength: 3 }),
  microBatch: fc.constantFrom(null, 2, 4),
  seeds: fc.constantFrom([1], [3, 1], [5, 2, 9]),
  parallel: fc.integer({ min: 1, max: 2 }),
  warmup: fc.integer({ min: 0, max: 9 }),
}).map(({ stages, names, architecture, seeds, parallel, ...training }) =>
  experimentOf({
    sets: Array.from({ length: stages }, (_, i) => ({ name: `T${i + 1}`, label: "type" })),
    // With a single gene stage there is nothing earlier to hold on to.
    methods: stages === 1 ? { baseline: {}, oracle: methods.oracle } : Object.fromEntries(
      names.map((name) => [name, methods[name as keyof typeof methods]]),
    ),
    architecture,
    seeds,
    parallel,
    training: { ...training, rate: 0.01 },
  })
);

/** How a life ends, and after which share of all that is left to do. */
const anyEnd = fc.record({
  at: fc.constantFrom("event" as const, ...operators),
  how: fc.constantFrom("throws" as const, "stops" as const),
  kindly: fc.constantFrom("stop" as const, "interrupt" as const, "leave" as const),
  share: fc.double({ min: 0, max: 0.9, noNaN: true }),
});

/** The end, once it is known how often each thing happens in the whole run and has happened so far. */
function endOf(
  { at, how, kindly, share }: typeof anyEnd extends fc.Arbitrary<infer A> ? A : never,
  all: ReadonlyMap<string, number>,
  told: number,
): End {
  const total = all.get("event") ?? 0;
  if (at === "event") return { how: kindly, call: told + Math.floor(share * (total - told)) };
  const left = (all.get(at) ?? 0) * (1 - told / total);
  return { at, how, call: Math.floor(share * left) };
}

/** Where seeds were, by place. */
const placeOf = ({ seed, leg, step }: Bookmark) => `seed ${seed}, leg ${leg}, step ${step}`;

Deno.test("resumeRun() ends as the undisturbed run does, wherever and however often it was stopped", () =>
  fc.assert(
    fc.asyncProperty(
      anyExperiment,
      fc.array(fc.tuple(anyEnd, fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 2 })), {
        minLength: 2,
        maxLength: 4,
      }),
      (experiment, lives) =>
        withQuickFolder(async (above) => {
          const places = new Map<string, unknown>(), undisturbed = join(above, "undisturbed");
          const all = new Map<string, number>();
          const count = (what: string) => void all.set(what, (all.get(what) ?? 0) + 1);
          const ended = await live(undisturbed, {
            experiment,
            every: { steps: 1 },
            bookmarks: "told",
            kept: (bookmark) =>
              void places.set(placeOf(bookmark), structuredClone(bitsOf(bookmark))),
            listen: () => count("event"),
            called: count,
          });
          assert.equal(ended, "finished");

          const folder = join(above, "disturbed");
          let over = false, told = 0;
          for (const [end, steps, parallel] of [...lives, [undefined, 3, 1] as const]) {
            if (over) break;
            const before = told;
            told = 0;
            const ended = await live(folder, {
              experiment: { ...experiment, parallel },
              every: { steps },
              end: end && endOf(end, all, before),
              kept: (bookmark) => assertSame(bitsOf(bookmark), places.get(placeOf(bookmark))),
              listen: () => void told++,
            });
            if (typeof ended === "object") {
              assert.equal(ended.sentence, `Cannot finish the run: ${WRECKED}`);
            }
            over = ended === "finished";
          }
          assert.ok(over);
          // How many seeds learn side by side is said there.
          const but = (files: readonly string[]) =>
            files.filter((file) => !file.startsWith("/experiment.json"));
          assertSame(but(leftIn(folder)), but(leftIn(undisturbed)));
        }),
    ),
    { numRuns: RUNS, endOnFailure: true },
  ));
