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
  const compiled = await engine.compile(program(2), layout);
  const state = engine.allocate(layout, "inference");
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

  Deno.test("native() lets a worker end while its run is under way", () => {
    const { status, stdout, stderr } = outcomeOf(`
      const inside = ${JSON.stringify(SCRIPT)}.replaceAll("./", import.meta.resolve("./"))
        .replace('"@tensorflow/tfjs"', JSON.stringify(import.meta.resolve("@tensorflow/tfjs")));
      const source = "data:application/typescript," +
        encodeURIComponent(inside + "self.postMessage('begun');");
      const worker = new Worker(source, { type: "module" });
      await new Promise((resolve) => worker.onmessage = resolve);
      worker.terminate();
      await new Promise((resolve) => setTimeout(resolve, 300));
      console.log("the worker is gone");
      Deno.exit(0);
    `);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, "the worker is gone\n");
  });

  Deno.test("native() stops a run that is under way when it is closed", () => {
    const { status, stdout, stderr } = outcomeOf(`
      const outcome = run.catch((error) => console.log(error._tag, error.message));
      await engine.close();
      await outcome;
    `);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^RunError Cannot run program "long": it was closed meanwhile/);
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
