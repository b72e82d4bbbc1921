/**
 * Learning beside PyTorch, whose losses `fixtures/curves` keeps.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { openEngine } from "../plugins/engines/native/engine.ts";
import { openKernels } from "../plugins/engines/native/kernels.ts";
import { curveOf, SEEDS, TASK } from "./learnable.ts";
import { withNative } from "./native_opened.ts";

/** What PyTorch made of a seed. */
interface Curve {
  readonly fp32: readonly number[];
  readonly bf16: readonly number[];
}

const stored = JSON.parse(
  readFileSync(new URL("fixtures/curves/curves.json", import.meta.url), "utf8"),
) as { readonly task: unknown; readonly curves: Readonly<Record<string, Curve>> };

/** By how much losses differ from those of fp32, as a share of them. */
const deviations = (losses: readonly number[], fp32: readonly number[]): number[] =>
  losses.map((loss, step) => Math.abs(loss / fp32[step] - 1));

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

const meanOf = (numbers: readonly number[]): number =>
  numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

await withNative((open) => {
  Deno.test("native() learns for 200 steps as PyTorch does, loss by loss", async () => {
    assert.deepEqual(stored.task, TASK);
    const engine = open(2), medians: number[] = [];
    for (const seed of SEEDS) {
      const losses = await curveOf(engine, seed), { fp32 } = stored.curves[seed];
      const begun = meanOf(losses.slice(0, 20)), ended = meanOf(losses.slice(-20));
      assert.ok(ended < 0.7 * begun, `seed ${seed} fell from ${begun} to ${ended} only`);
      const apart = deviations(losses, fp32), early = Math.max(...apart.slice(0, 20));
      assert.ok(early < 1e-4, `one of the first losses of seed ${seed} differs by ${early}`);
      const late = Math.abs(meanOf(losses.slice(-50)) / meanOf(fp32.slice(-50)) - 1);
      assert.ok(late < 0.05, `the last losses of seed ${seed} differ by ${late}`);
      medians.push(median(apart));
    }
    await engine.close();
    // Where rounding takes a rectifier past its corner, which it seldom does, losses part from there.
    assert.ok(median(medians) < 1e-5, `most losses differ by ${median(medians)}`);
  });

  Deno.test("native() in bf16 stays as close to fp32 as PyTorch does in bf16", async () => {
    const rounded = openEngine(await openKernels(undefined, "bf16"), 2);
    const ours: number[] = [], theirs: number[] = [];
    for (const seed of SEEDS) {
      const { fp32, bf16 } = stored.curves[seed];
      ours.push(median(deviations(await curveOf(rounded, seed), fp32)));
      theirs.push(median(deviations(bf16, fp32)));
    }
    await rounded.close();
    // Single seeds of either are now half, now twice the other's.
    const losses = meanOf(ours) / meanOf(theirs);
    assert.ok(losses <= 1.5, `losses deviate ${losses} times as much`);
  });
});
