/**
 * How far gradients in bf16 are from those in fp32, beside PyTorch, whose errors `fixtures/curves`
 * keeps.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { layoutOf } from "../core/model/program.ts";
import { openEngine } from "../plugins/engines/native/engine.ts";
import { openKernels } from "../plugins/engines/native/kernels.ts";
import { difference } from "../streams/engine/rehearsal.ts";
import { firstGradients, learnerOf, MANY_SEEDS } from "./learnable.ts";
import { withNative } from "./native_opened.ts";

/** PyTorch's errors by tensor, one a seed, as shares of the size of the gradient. */
function storedErrors(): ReadonlyMap<string, readonly number[]> {
  const text = readFileSync(new URL("fixtures/curves/errors.csv", import.meta.url), "utf8");
  const [names, ...rows] = text.trim().split("\n").map((line) => line.split(","));
  return new Map(names.map((name, i) => [name, rows.map((row) => Number(row[i]))]));
}

/** How many times larger ours are than theirs: the geometric mean over seeds. */
function ratioOf(ours: readonly number[], theirs: readonly number[]): number {
  const sum = ours.reduce((sum, error, i) => sum + Math.log(error / theirs[i]), 0);
  return Math.exp(sum / ours.length);
}

await withNative((open) => {
  Deno.test("native() in bf16 has gradients as near to fp32 as PyTorch's, tensor by tensor", async () => {
    const exact = open(2), rounded = openEngine(await openKernels(undefined, "bf16"), 2);
    const expected = await firstGradients(exact, MANY_SEEDS);
    const actual = await firstGradients(rounded, MANY_SEEDS);
    for (const engine of [exact, rounded]) await engine.close();
    const stored = storedErrors(), { slots } = layoutOf(learnerOf().weights);
    assert.deepEqual([...stored.keys()].toSorted(), slots.map(({ name }) => name).toSorted());
    for (const { name, offset, size } of slots) {
      const slot = (all: Float32Array) => all.subarray(offset, offset + size);
      const errors = actual.map((all, i) => difference(slot(all), slot(expected[i])));
      const ratio = ratioOf(errors, stored.get(name)!);
      // Either is now half, now twice the other for a seed, as rectifiers turn; over all seeds no
      // tensor is above 0.96, and other vectors, which sum in another order, change that by 0.001.
      assert.ok(ratio > 0.1 && ratio <= 1, `the error of ${name} is ${ratio} times PyTorch's`);
    }
  });
});
