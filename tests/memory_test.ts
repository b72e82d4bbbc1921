import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import fc from "fast-check";
import { transformer } from "../plugins/mod.ts";
import { learningProgram } from "../core/model/objective.ts";
import { layoutOf, type Tensors } from "../core/model/program.ts";
import { cpuEngine } from "../streams/engine/eager.ts";
import { bytesInWords, bytesOf, fit, freeMemory, microBatch } from "../streams/engine/memory.ts";

const shape = { genes: 50, length: 17 }, engine = cpuEngine();
const architecture = transformer({ layers: 1, width: 16, heads: 2 })(shape);
const layout = layoutOf(architecture.weights);
/** Bytes of nine buffers and of a run. */
const needed = (cells: number) =>
  9 * 4 * layout.size + engine.estimate(learningProgram(architecture, { ...shape, cells }), layout);

Deno.test("fit() stays within memory, takes what it can, and says when memory decided", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.double({ min: 0.5, max: 50, noNaN: true }),
      fc.integer({ min: 1, max: 3 }),
      (batch, share, sides) => {
        const memory = share * sides * needed(1);
        const load = { engine, architecture, shape, batch, memory, sides, microBatch: null };
        if (memory < sides * needed(1)) {
          return void assert.throws(() => fit(load), /InputError|Cannot/);
        }
        const { cells, note } = fit(load), wished = microBatch(batch, shape.length);
        assert.ok(cells >= 1 && sides * needed(cells) <= memory);
        assert.equal(note === undefined, cells === wished);
        if (cells < wished) {
          assert.ok(sides * needed(2 * cells + 1) > memory, `${cells} of ${wished}`);
        }
      },
    ),
    { numRuns: 30 },
  );
});

Deno.test("fit() says what is needed where nothing fits, and takes whole batches that mix", () => {
  const load = { engine, architecture, shape, batch: 8, memory: 1000, sides: 2, microBatch: null };
  assert.throws(() => fit(load), {
    name: "InputError",
    message:
      /^Cannot train with 1 kB of memory: the model and one cell of 17 positions take about \d+ MB for 2 seeds side by side; allow more/,
  });
  const mixing = { ...architecture, mixes: "batch" as const };
  const long = { genes: 50, length: 1000 };
  assert.equal(microBatch(8, long.length), 2);
  assert.equal(fit({ ...load, architecture: mixing, memory: 1e12, sides: 1 }).cells, 8);
  assert.equal(fit({ ...load, memory: needed(3), sides: 1, microBatch: 3 }).cells, 3);
  assert.throws(() => fit({ ...load, memory: needed(3), sides: 1, microBatch: 4 }), {
    message: /the model and 4 cells of 17 positions/,
  });
  const { cells, note } = fit({ ...load, architecture: mixing, memory: needed(4), sides: 1 });
  assert.equal(cells, 4);
  assert.match(
    note!,
    /^4 cells at a time instead of 8, whose statistics stand for those of the batch/,
  );
});

Deno.test("bytesOf() reads what bytesInWords() writes, and refuses other words", () => {
  const examples = { "512MB": 512e6, "2GB": 2e9, "1.5 GiB": 1.5 * 2 ** 30, "100": 100, "3k": 3000 };
  for (const [words, bytes] of Object.entries(examples)) assert.equal(bytesOf(words), bytes);
  fc.assert(fc.property(fc.integer({ min: 1, max: 1e13 }), (bytes) => {
    const read = bytesOf(bytesInWords(bytes));
    assert.ok(
      Math.abs(read - bytes) <= 0.51 * 10 ** Math.max(0, Math.floor(Math.log10(bytes) / 3) * 3),
    );
  }));
  for (const words of ["", "much", "2 XB", "-1GB", "1e3"]) {
    assert.throws(() => bytesOf(words), { name: "ExperimentError", message: /such as "2GB"$/ });
  }
});

Deno.test("freeMemory() is some of the machine's", () => {
  assert.ok(freeMemory() > 2 ** 20 && freeMemory() < 2 ** 50);
});

Deno.test("cpuEngine() runs programs that nothing can be told of, for they cannot be traced", async () => {
  const empty = layoutOf([]),
    program = {
      name: "largest",
      purpose: "infer" as const,
      inputs: { x: { shape: [3], dtype: "float32" as const } },
      apply: (_: Tensors, { x }: Tensors) => ({ largest: tf.topk(x, 1).values }),
    };
  assert.equal(engine.estimate(program, empty), 0);
  const compiled = await engine.compile(program, empty);
  const state = engine.allocate(empty, "inference");
  const { largest } = await compiled.run(state, { x: Float32Array.of(1, 7, 3) }, [0, 0]);
  assert.deepEqual([...largest], [7]);
});
