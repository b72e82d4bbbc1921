import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import fc from "fast-check";
import { InputError } from "../core/errors.ts";
import type { Engine } from "../core/model/program.ts";
import { keyOf } from "../core/random.ts";
import { load } from "../plugins/engines/onnx/runtime.ts";
import { cpu } from "../plugins/engines/cpu.ts";
import { onnx } from "../plugins/engines/onnx.ts";
import { type Example, examples } from "./laws/engine_examples.ts";
import { assertSlope } from "./laws/slope.ts";
import { engineLaws } from "./laws/engine_laws.ts";
import { opened } from "./opened.ts";

engineLaws("cpu", () => opened(cpu()));
engineLaws("onnx", () => opened(onnx({ threads: 2 })));
engineLaws("onnx of one thread", () => opened(onnx({ threads: 1 })));

const KEY = keyOf(1);

/** Begins a run of minutes, and then fails or closes. */
const SCRIPT = `
  import * as tf from "@tensorflow/tfjs";
  import { layoutOf } from "./core/model/program.ts";
  import { openEngine } from "./plugins/engines/onnx/engine.ts";
  import { openRuntime } from "./plugins/engines/onnx/runtime.ts";

  const engine = await openEngine(openRuntime(2), 2);
  const layout = layoutOf([{ name: "w", shape: [2048, 2048] }]);
  const compiled = await engine.compile({
    name: "long",
    purpose: "infer",
    inputs: {},
    apply({ w }) {
      let product = w;
      for (let i = 0; i < 1000; i++) product = tf.matMul(product, w);
      return { product };
    },
  }, layout);
  const run = compiled.run(engine.allocate(layout, "inference"), {}, [1, 2]);
  await new Promise((resolve) => setTimeout(resolve, 100));
`;

/** What a process that runs the script and `rest` leaves behind. */
function outcomeOf(rest: string) {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    ["eval", SCRIPT + rest],
    {
      cwd: new URL("..", import.meta.url),
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "1" },
    },
  );
  return { status, signal, stdout, stderr };
}

Deno.test("onnx() lets a process end by its error while a run is under way", () => {
  const { status, signal, stderr } = outcomeOf(`throw new Error("the message that must be read")`);
  assert.equal(signal, null);
  assert.equal(status, 1);
  assert.match(stderr, /the message that must be read/);
});

Deno.test("onnx() stops a run that is under way when it is closed", () => {
  const { status, stdout, stderr } = outcomeOf(`
    const outcome = run.catch((error) => console.log(error._tag, error.message));
    await engine.close();
    await outcome;
  `);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^RunError Cannot run program "long": .*terminate/);
});

Deno.test("onnx() says what to install when the library cannot be loaded", () => {
  assert.throws(() => load("/nowhere/libonnxruntime.so.1", 1), (error: Error) => {
    assert.ok(error instanceof InputError);
    assert.match(error.message, /^Cannot load ONNX Runtime "\/nowhere.*install the package/);
    return true;
  });
});

Deno.test("onnx() names its threads", async () => {
  const engine = await opened(onnx({ threads: 3 }));
  assert.equal(engine.name, "onnx (fp32, 3 threads)");
  await engine.close();
  assert.throws(() => onnx({ threads: 0 }));
});

Deno.test("cpu() differentiates as finite differences do", async () => {
  const engine = await opened(cpu());
  for (const topic of ["softmax attention", "layer norms", "masked errors", "dropout"]) {
    await fc.assert(
      fc.asyncProperty(examples[topic], (example) => checkGradient(engine, example)),
      { numRuns: 4 },
    );
  }
  await engine.close();
});

/** Along its own direction, a gradient is the slope of the loss. */
async function checkGradient(engine: Engine, { program, layout, weights, feeds }: Example) {
  const compiled = await engine.compile(program, layout);
  const state = engine.allocate(layout, "training");
  await state.write("weights", weights);
  await compiled.run(state, feeds, KEY);
  const gradient = await state.read("gradients"), norm = Math.hypot(...gradient);
  if (norm < 1e-3) return;
  const lossAt = async (distance: number) => {
    await state.write("weights", weights.map((w, i) => w + distance * gradient[i] / norm));
    return (await compiled.run(state, feeds, KEY)).loss[0];
  };
  const step = 2e-3;
  assertSlope("the loss along its gradient", { slope: norm, size: norm }, {
    step,
    below: await lossAt(-step),
    here: await lossAt(0),
    above: await lossAt(step),
  });
}
