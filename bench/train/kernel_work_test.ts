import assert from "node:assert/strict";
import { learningProgram } from "../../core/model/objective.ts";
import { layoutOf } from "../../core/model/program.ts";
import { codeOf } from "../../plugins/engines/native/codes.ts";
import { planOf } from "../../plugins/engines/native/plan/plan.ts";
import { architectureOf } from "./job.ts";
import { instructionsOf } from "./kernel_work.ts";
import { operationsOf, type Size, sizes } from "./sizes.ts";

Deno.test("instructionsOf() finds in a plan the products that the model is counted to have", () => {
  const size: Size = { ...sizes.demo, layers: 1, width: 8, heads: 2, feedForward: 12, length: 9 };
  const architecture = architectureOf(size), { cells, length } = size;
  const plan = planOf(
    learningProgram(architecture, { cells, length }),
    layoutOf(architecture.weights),
  );
  const work = instructionsOf(plan);
  const operations = (...kernels: string[]) =>
    cells * work.filter(({ kernel }) => kernels.includes(kernel))
      .reduce((sum, { operations }) => sum + operations, 0);
  const forward = operationsOf(size) / 3, attention = cells * 4 * length ** 2 * size.width;
  assert.equal(operations("linear", "attention", "product AB"), forward);
  assert.equal(operations("attentionGradient"), 2.5 * attention);
  // Every linear layer has a gradient of its weight; they are the forward pass without attention.
  const last = 2 * cells * length * size.width;
  assert.ok(operations("product A'B: dW") >= forward - attention - last);
});

Deno.test("instructionsOf() counts a stack of products, and says where each instruction lies", () => {
  // Three places in memory, 2 × 3 from 5 with B turned, both floats, one axis of 7.
  const words = [0, 0, 0, 0, 0, 0, 2, 3, 5, 0, 1, 0, 0, 0, 1, 7, 0, 0];
  const copy = [codeOf("OP", "copy"), 2, 0, 0];
  const plan = {
    words: Int32Array.from([...copy, codeOf("OP", "product"), words.length, ...words]),
  };
  assert.deepEqual(instructionsOf(plan), [
    { place: 0, kernel: "copy", operations: 0 },
    { place: 4, kernel: "product AB': dX", operations: 2 * 2 * 3 * 5 * 7 },
  ]);
});
