import { Effect, Schema } from "effect";
import assert from "node:assert/strict";
import { InputError } from "../core/errors.ts";
import type { EngineUse } from "../core/experiment.ts";
import { engine, setting } from "../core/plugin.ts";
import type { Registry } from "../core/registry.ts";
import { cpu, onnx } from "../plugins/mod.ts";
import { openEngines } from "../streams/engine/choose.ts";

/** An engine that would be the best, on a machine that has not got it. */
const absent = engine({
  id: "absent",
  purpose: "computes on a machine of next year",
  rank: 99,
  config: { threads: setting(Schema.Number, 1, "threads") },
  make: () => Effect.fail(new InputError({ message: "Cannot find next year: wait for it" })),
});

const outcome = (registry: Registry, use: EngineUse, count = 1) =>
  Effect.runPromise(
    openEngines(registry, use, count).pipe(
      Effect.map(({ engines, notes }) => ({ names: engines.map(({ name }) => name), notes })),
      Effect.scoped,
      Effect.catch((error) => Effect.succeed({ names: [], notes: [error.message] })),
    ),
  );

Deno.test("openEngines() opens the best engine that is there, and says what is not", async () => {
  assert.deepEqual(await outcome({ cpu, onnx, absent }, { use: null, threads: 1 }, 2), {
    names: ["onnx (fp32, 1 thread)", "onnx (fp32, 1 thread)"],
    notes: ["Cannot find next year: wait for it"],
  });
  assert.deepEqual(await outcome({ cpu, onnx }, { use: null, threads: 1 }), {
    names: ["onnx (fp32, 1 thread)"],
    notes: [],
  });
});

Deno.test("openEngines() passes over settings that an engine has not, and says so", async () => {
  assert.deepEqual(await outcome({ cpu, absent }, { use: null, threads: 3 }), {
    names: ["cpu (fp32, plain JavaScript)"],
    notes: ["Cannot find next year: wait for it", 'Engine "cpu" has no "threads" to set'],
  });
});

Deno.test("openEngines() opens the engine that is named and no other", async () => {
  assert.deepEqual(await outcome({ cpu, onnx, absent }, { use: "cpu" }), {
    names: ["cpu (fp32, plain JavaScript)"],
    notes: [],
  });
  const refusals = [
    [{ use: "absent" }, /^Cannot find next year: wait for it$/],
    [{ use: "cup" }, /^Cannot find engine "cup": did you mean "cpu"\?$/],
    [{ use: "cpu", precision: "fp23" }, /^Cannot configure engine "cpu": "precision": .*"fp32"/],
    [{ use: "onnx", threads: 0 }, /^Cannot configure engine "onnx": "threads"/],
    [{ use: "cpu", threads: 2 }, /^Cannot configure engine "cpu": "threads" is not a known key/],
  ] as const;
  for (const [use, expected] of refusals) {
    const { names, notes } = await outcome({ cpu, onnx, absent }, use);
    assert.deepEqual(names, []);
    assert.match(notes[0], expected);
  }
});

Deno.test("openEngines() tells every reason when none opens", async () => {
  assert.deepEqual((await outcome({ cpu, absent }, { use: null, precision: "fp12" })).notes, [
    "Cannot choose an engine: cannot find next year: wait for it; and cannot configure engine " +
    '"cpu": "precision": expected "fp32" | "auto"',
  ]);
  assert.match((await outcome({}, { use: null })).notes[0], /there is none/);
});

Deno.test("openEngines() blames the experiment for what no machine takes, else the machine", async () => {
  const blamed = (registry: Registry) =>
    Effect.runPromise(
      openEngines(registry, { use: null, precision: "fp12" }, 1).pipe(
        Effect.scoped,
        Effect.flip,
        Effect.map(({ _tag }) => _tag),
      ),
    );
  assert.equal(await blamed({ cpu, onnx }), "ExperimentError");
  assert.equal(await blamed({ cpu, absent }), "InputError");
});

Deno.test('openEngines() takes precision "auto" for any engine', async () => {
  for (const use of [null, "cpu", "onnx"]) {
    const { names } = await outcome({ cpu, onnx, absent }, { use, precision: "auto" });
    assert.match(names[0], use === "cpu" ? /^cpu \(fp32/ : /^onnx \(fp32/);
  }
});
