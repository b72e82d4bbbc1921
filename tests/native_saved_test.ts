import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import fc from "fast-check";
import { linear } from "../core/model/composites/mod.ts";
import { learningProgram, predictingProgram } from "../core/model/objective.ts";
import { layoutOf, type Precision } from "../core/model/program.ts";
import { keyOf } from "../core/random.ts";
import { transformer } from "../plugins/architectures/transformer.ts";
import { openEngine } from "../plugins/engines/native/engine.ts";
import { openKernels } from "../plugins/engines/native/kernels.ts";
import { planOf } from "../plugins/engines/native/plan/plan.ts";
import { ALLOWED, difference, rehearse } from "../streams/engine/rehearsal.ts";
import { withNative } from "./native_opened.ts";
import { normals, ran } from "./native_runs.ts";
import { smallArchitectures } from "./small_architectures.ts";

/** Bytes of a thread's values that live for some steps, of both precisions. */
const arenas = (program: Parameters<typeof planOf>[0], layout: Parameters<typeof planOf>[1]) =>
  (["fp32", "bf16"] as const).map((precision) => planOf(program, layout, precision).arena);

Deno.test("planOf() saves in bf16 what gradients read: half of the memory of the paper's model", () => {
  const architecture = transformer({})({ genes: 1000, length: 512 });
  const layout = layoutOf(architecture.weights), shape = { cells: 8, length: 512 };
  const [exact, saved] = arenas(learningProgram(architecture, shape), layout);
  assert.ok(saved < 0.6 * exact, `${saved} of ${exact} bytes`);
  const [whole, same] = arenas(predictingProgram(architecture, shape), layout);
  assert.equal(same, whole, "predictions have nothing to save");
});

await withNative(async () => {
  const kernels = await openKernels(undefined, "bf16");
  /** The same kernels, that multiply in bf16, on plans that save in `precision`. */
  const saving = (precision: Precision) => openEngine({ ...kernels, precision }, 2);

  for (const [id, build] of Object.entries(smallArchitectures)) {
    Deno.test(`native() in bf16 saves for gradients alone: ${id} has the losses of floats`, async () => {
      const shape = { genes: 60, length: 22 };
      const part = { architecture: build(shape), shape, cells: 3, key: keyOf(9) };
      const engines = [saving("fp32"), saving("bf16")];
      const [exact, saved] = await Promise.all(engines.map((engine) => rehearse(engine, part, 1)));
      for (const engine of engines) await engine.close();
      assert.deepEqual(saved.losses, exact.losses);
      const apart = difference(saved.gradients[0], exact.gradients[0]);
      assert.ok(apart <= ALLOWED.bf16 / 2, `gradients differ by ${apart}`);
    });
  }

  Deno.test("native() in bf16 has the same gradients of linear layers, bit by bit, from what it saves", async () => {
    const size = fc.integer({ min: 2, max: 70 });
    const law = fc.asyncProperty(fc.nat(), fc.array(size, { minLength: 4, maxLength: 4 }), same);
    await fc.assert(law, { numRuns: 30 });

    /** Products round what they read, so that it is all one when that is done. */
    async function same(seed: number, [rows, ...widths]: number[]): Promise<void> {
      const [depth, middle, columns] = widths;
      const matrix = (which: number, shape: readonly [number, number]) =>
        [normals(seed + which, shape[0] * shape[1]), shape] as const;
      const given = {
        weights: {
          x: matrix(0, [rows, depth]),
          first: matrix(1, [depth, middle]),
          second: matrix(2, [middle, columns]),
        },
        fed: { dy: normals(seed + 3, rows * columns) },
        apply: ({ x, first, second }: Readonly<Record<string, tf.Tensor>>) => {
          const hidden = linear(
            x as tf.Tensor2D,
            { weight: first, bias: tf.zeros([middle]) },
            "relu",
          );
          return { value: linear(hidden, { weight: second, bias: tf.zeros([columns]) }) };
        },
      };
      const [exact, saved] = [await ran(saving("fp32"), given), await ran(saving("bf16"), given)];
      assert.deepEqual(saved, exact);
    }
  });
});
