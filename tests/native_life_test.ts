/**
 * Runs of the engine `native` that are left alone, cut short or asked too much.
 *
 * @module
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import * as tf from "@tensorflow/tfjs";
import { layoutOf } from "../core/model/program.ts";
import { withNative } from "./native_opened.ts";

/** Begins a run of minutes on all threads. */
const SCRIPT = `
  import process from "node:process";
  import * as tf from "@tensorflow/tfjs";
  import { layoutOf } from "./core/model/program.ts";
  import { openEngine } from "./plugins/engines/native/engine.ts";
  import { openKernels } from "./plugins/engines/native/kernels.ts";

  const engine = openEngine(await openKernels(), 2);
  const layout = layoutOf([{ name: "w", shape: [1024, 1024] }]);
  const program = (cells) => ({
    name: "long",
    purpose: "infer",
    inputs: { x: { shape: [cells, 1024], dtype: "float32" } },
    apply({ w }, { x }) {
      let product = w;
      for (let i = 0; i < 3000; i++) product = tf.matMul(product, w);
      return { product: tf.matMul(x, product) };
    },
    ...(cells > 1 ? { each: () => program(1) } : {}),
  });
  /** The same in a moment. */
  const smaller = (cells) => ({
    ...program(cells),
    name: "short",
    apply: ({ w }, { x }) => ({ product: tf.matMul(tf.add(x, 1e-3), tf.add(w, 1e-3)) }),
    ...(cells > 1 ? { each: () => smaller(1) } : {}),
  });
  const compiled = await engine.compile(program(2), layout);
  const state = engine.allocate(layout, "inference"), x = new Float32Array(2048).fill(0.5);
  const run = compiled.run(state, { x: new Float32Array(2048) }, [1, 2]);
  await new Promise((resolve) => setTimeout(resolve, 300));
`;

/** What a process that runs the script and `rest` leaves behind. */
function outcomeOf(rest: string) {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    ["eval", "--no-check", SCRIPT + rest],
    {
      cwd: new URL("..", import.meta.url),
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "1" },
    },
  );
  return { status, signal, stdout, stderr };
}

await withNative((open) => {
  Deno.test("native() lets a process end by its error while a run is under way", () => {
    const { status, signal, stderr } = outcomeOf(`throw new Error("the message to be read")`);
    assert.equal(signal, null);
    assert.equal(status, 1);
    assert.match(stderr, /the message to be read/);
  });

  Deno.test("native() lets a process exit while a run is under way", () => {
    const { status, signal } = outcomeOf(`Deno.exit(7)`);
    assert.equal(signal, null);
    assert.equal(status, 7);
  });

  Deno.test("native() lets a process end by a signal while a run is under way", () => {
    for (const signal of ["SIGTERM", "SIGINT"]) {
      const ended = outcomeOf(`process.kill(process.pid, "${signal}"); await run;`);
      assert.equal(ended.signal, signal, ended.stderr);
    }
  });

  Deno.test("native() lets a process end by a promise that nobody looks at", () => {
    const { status, signal, stderr } = outcomeOf(`
      engine.optimise(state, { rate: 1, step: 1, beta1: 0.9, beta2: 0.99 });
      Promise.reject(new Error("the message to be read"));
      await run;
    `);
    assert.equal(signal, null);
    assert.equal(status, 1);
    assert.match(stderr, /the message to be read/);
  });

  for (
    const [how, inside, outside] of [
      ["is ended", "", "worker.terminate();"],
      ["exits", "process.exit(3);", ""],
      ["throws", "setTimeout(() => { throw new Error('in the worker'); });", ""],
    ]
  ) {
    Deno.test(`native() goes on when a worker ${how} while its run is under way`, () => {
      const { status, stdout, stderr } = outcomeOf(`
        compiled.close();
        await run.catch(() => {});
        const small = await engine.compile(smaller(2), layout);
        const bits = async () => (await small.run(state, { x }, [1, 2])).product.join();
        const before = await bits();
        const inside = ${JSON.stringify(SCRIPT)}.replaceAll("./", import.meta.resolve("./"))
          .replace('"@tensorflow/tfjs"', JSON.stringify(import.meta.resolve("@tensorflow/tfjs")));
        const source = "data:application/typescript," +
          encodeURIComponent(inside + "self.postMessage('begun');${inside}");
        const worker = new Worker(source, { type: "module" });
        worker.onerror = (event) => event.preventDefault();
        await new Promise((resolve) => worker.onmessage = resolve);
        ${outside}
        const during = await bits();
        await new Promise((resolve) => setTimeout(resolve, 300));
        console.log(before === during, before === await bits(), before.length > 2048);
        Deno.exit(0);
      `);
      assert.equal(status, 0, stderr);
      assert.equal(stdout, "true true true\n");
    });
  }

  Deno.test("native() stops a run that is under way when it is closed", () => {
    const { status, stdout, stderr } = outcomeOf(`
      const outcome = run.catch((error) => console.log(error._tag, error.message));
      await engine.close();
      await outcome;
    `);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^RunError Cannot run program "long": it was closed meanwhile/);
  });

  Deno.test("native() leaves weights as they were when a run is cut short, and goes on", () => {
    const { status, stdout, stderr } = outcomeOf(`
      const weights = Float32Array.from({ length: layout.size }, (_, i) => Math.sin(i) / 32);
      const other = engine.allocate(layout, "training");
      compiled.close();
      await run.catch(() => {});
      await other.write("weights", weights);
      const small = await engine.compile(smaller(2), layout);
      const bits = async () => (await small.run(other, { x }, [1, 2])).product.join();
      const before = await bits();
      const learning = {
        ...program(2),
        purpose: "learn",
        name: "learn long",
        each: undefined,
        apply({ w }, { x }) {
          let product = tf.tile(x, [256, 1]);
          for (let i = 0; i < 100; i++) product = tf.matMul(product, w);
          return { loss: tf.sum(product) };
        },
      };
      for (let times = 0; times < 3; times++) {
        const long = await engine.compile(learning, layout);
        const cut = long.run(other, { x }, [1, 2]).then(() => "ended", ({ message }) => message);
        await new Promise((resolve) => setTimeout(resolve, 50));
        long.close();
        console.log(await cut);
        const after = await other.read("weights");
        console.log(after.every((weight, i) => weight === weights[i]), before === await bits());
      }
      await engine.close();
    `);
    assert.equal(status, 0, stderr);
    assert.equal(
      stdout,
      'Cannot run program "learn long": it was closed meanwhile\ntrue true\n'.repeat(3),
    );
  });

  Deno.test("native() may be closed twice, in any order, while a run is under way", () => {
    const { status, stdout, stderr } = outcomeOf(`
      import fc from "fast-check";
      const closings = ["compiled", "state", "engine", "compiled", "state", "engine"];
      await engine.close();
      await run.catch(() => {});
      const kernels = await openKernels();
      await fc.assert(fc.asyncProperty(fc.shuffledSubarray(closings), async (order) => {
        const engine = openEngine(kernels, 2), state = engine.allocate(layout, "inference");
        const things = { engine, state, compiled: await engine.compile(program(2), layout) };
        const outcome = things.compiled.run(state, { x }, [1, 2]).catch(({ name }) => name);
        await new Promise((resolve) => setTimeout(resolve, 5));
        for (const name of order) things[name].close();
        await engine.close();
        if (await outcome !== "RunError") throw new Error("it ended with " + await outcome);
      }), { numRuns: 8 });
      console.log("all closed");
    `);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, "all closed\n");
  });

  Deno.test("native() refuses ids outside of their table", async () => {
    const engine = open(2), layout = layoutOf([{ name: "table", shape: [5, 3] }]);
    const compiled = await engine.compile({
      name: "outside",
      purpose: "infer",
      inputs: { ids: { shape: [2], dtype: "int32" } },
      apply: ({ table }, { ids }) => ({ rows: tf.gather(table, ids as tf.Tensor1D) }),
    }, layout);
    const state = engine.allocate(layout, "inference");
    for (const id of [-1, 5, 2 ** 31 - 1]) {
      await assert.rejects(() => compiled.run(state, { ids: Int32Array.of(0, id) }, [0, 0]), {
        name: "RunError",
        message: /^Cannot run program "outside": an id lies outside of the table/,
      });
    }
    await compiled.run(state, { ids: Int32Array.of(0, 4) }, [0, 0]);
    await engine.close();
  });

  Deno.test("native() names its instructions and threads", async () => {
    const engine = open(3);
    assert.match(engine.name, /^native \(fp32, (plain|AVX2|AVX-512), 3 threads\)$/);
    await engine.close();
  });
});
