import { Ajv2020 } from "ajv/dist/2020.js";
import { Effect, Exit } from "effect";
import fc from "fast-check";
import { parse } from "jsonc-parser";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { decode, type PlainSchema } from "../core/decode.ts";
import { Experiment, type Use } from "../core/experiment.ts";
import type { Kinds } from "../core/plugin.ts";
import { find, pluginsOf } from "../core/registry.ts";
import { experimentSchema } from "../core/report/experiment_schema.ts";
import * as box from "../plugins/mod.ts";

const FOLDER = new URL("../experiments/", import.meta.url);
const FILES = ["", "paper/"].flatMap((folder) =>
  readdirSync(new URL(folder, FOLDER)).filter((file) => file.endsWith(".jsonc"))
    .map((file) => folder + file)
);

const schema = experimentSchema(pluginsOf(box));
const isValid = new Ajv2020({ strict: false }).compile(schema);

const read = (file: string): Record<string, unknown> =>
  parse(readFileSync(new URL(file, FOLDER), "utf8"), [], { allowTrailingComma: true });

/** Decodes an experiment and every plugin that it names, as a run does before anything is opened. */
const decoded = Effect.fnUntraced(function* (json: unknown) {
  const experiment = yield* decode(
    Experiment as unknown as PlainSchema<Experiment>,
    json,
    "Cannot",
  );
  const configured = Effect.fnUntraced(function* (kind: keyof Kinds, use: Use | null) {
    if (use === null) return;
    const { use: _, ...config } = use, plugin = yield* find(box, kind, use);
    yield* decode(plugin.config as unknown as PlainSchema<unknown>, config, "Cannot");
  });
  const { source, sets, curriculum, transforms, sampler, architecture, engine } = experiment;
  for (const { source } of sets) yield* configured("source", source);
  yield* configured("source", source);
  yield* configured("curriculum", curriculum);
  for (const transform of transforms) yield* configured("transform", transform);
  yield* configured("sampler", sampler);
  yield* configured("architecture", architecture);
  for (const { replay, distiller } of Object.values(experiment.methods)) {
    yield* configured("replay", replay);
    yield* configured("distiller", distiller);
  }
  for (const { sampler, ...evaluator } of experiment.evaluators) {
    yield* configured("sampler", sampler);
    yield* configured("evaluator", evaluator as Use);
  }
  for (const reporter of experiment.reporters) yield* configured("reporter", reporter);
  if (typeof engine.use === "string") yield* configured("engine", { ...engine, use: engine.use });
});

/** Places in a value: the keys that lead to each. */
function placesIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return [
    path,
    ...Object.entries(value).flatMap(([key, inner]) => placesIn(inner, [...path, key])),
  ];
}

/** The value with what stands at a place replaced, or left out where `instead` is undefined. */
function changed(value: unknown, [key, ...rest]: readonly string[], instead: unknown): unknown {
  if (key === undefined) return instead;
  const copy = structuredClone(value) as Record<string, unknown>;
  const inner = changed(copy[key], rest, instead);
  if (inner === undefined && Array.isArray(copy)) copy.splice(Number(key), 1);
  else if (inner === undefined) delete copy[key];
  else copy[key] = inner;
  return copy;
}

Deno.test("the schema lets every experiment in the box through", () => {
  assert.ok(FILES.length >= 8);
  for (const file of FILES) {
    assert.ok(isValid(read(file)), `${file}: ${JSON.stringify(isValid.errors?.slice(0, 3))}`);
  }
});

Deno.test("the schema beside the experiments is that of the plugins in the box", () => {
  // As `gil schema` prints it.
  assert.deepEqual(JSON.parse(readFileSync(new URL("schema.json", FOLDER), "utf8")), schema);
});

Deno.test("the schema refuses what decoding refuses, and nothing else", async () => {
  const instead = fc.constantFrom<unknown>(
    ...[undefined, null, 0, -1, 1, 0.5, 2.5, "", "log1p", "uniform", true, [], {}, [1, 1], ["a"]],
    ...[{ use: "log1p" }, { use: "atlas" }, { use: "atlas", path: "x", wrokers: 1 }],
  );
  let refused = 0, accepted = 0;
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...FILES), fc.nat(), instead, async (file, at, instead) => {
      const json = read(file), places = placesIn(json).slice(1);
      const place = places[at % places.length];
      // Plugins of one's own are beyond the schema, and any "use" may be one.
      fc.pre(place.at(-1) !== "use" && place[0] !== "plugins");
      const mutant = changed(json, place, instead);
      const exit = await Effect.runPromiseExit(decoded(mutant));
      const agrees = Exit.isSuccess(exit) === isValid(mutant);
      if (Exit.isSuccess(exit)) accepted++;
      else refused++;
      assert.ok(agrees, `${file}: ${place.join(".")} = ${JSON.stringify(instead)}: ${exit._tag}`);
    }),
    { numRuns: 1500 },
  );
  assert.ok(refused > 100 && accepted > 100);
});

Deno.test("the schema refuses a key that is nearly right, and knows an engine's settings", () => {
  const demo = read("demo.jsonc");
  assert.ok(!isValid({ ...demo, lenght: 48 }));
  assert.ok(!isValid({ ...demo, architecture: { use: "transformer", layer: 2 } }));
  assert.ok(!isValid({ ...demo, engine: { use: "onnx", treads: 1 } }));
  assert.ok(isValid({ ...demo, engine: { use: "onnx", threads: 1 } }));
  assert.ok(isValid({ ...demo, reporters: [{ use: "events", file: "log.jsonl" }] }));
  assert.ok(!isValid({ ...demo, reporters: [{ use: "events", path: "log.jsonl" }] }));
  assert.ok(isValid({ ...demo, plugins: ["./clip.ts"], transforms: [{ use: "clip", max: 3 }] }));
});
