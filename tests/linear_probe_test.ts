import { ok } from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { firstProbeWeights, linearProbe } from "../core/linear_probe.ts";
import { keyOf, stream } from "../core/random.ts";
import { assertClose, assertSame } from "./first_difference.ts";

const golden = new URL("../../shared/fixtures/metrics/metrics.json", import.meta.url);
const ignore = !existsSync(golden);

const rows = (n: number) => Uint32Array.from({ length: n }, (_, i) => i);

/** Random cells of random classes. */
function random(seed: number, n: number, width: number, classes: number) {
  const draw = stream(keyOf(seed));
  return {
    width,
    features: new Float32Array(n * width).map(draw.normal),
    labels: new Int32Array(n).map(() => draw.below(classes)),
  };
}

Deno.test("linearProbe() makes Adam's first step: the rate, against the gradient's sign", () => {
  fc.assert(
    fc.property(
      fc.record({ seed: fc.nat(), width: fc.integer({ min: 1, max: 9 }) }),
      ({ seed, width }) => {
        const data = random(seed, 12, width, 3), all = rows(12), nudge = 1e-5;
        const first = firstProbeWeights(3, width, stream(keyOf(seed)));
        const probe = linearProbe(first, 0.01);
        probe.learn(data, all);
        for (const part of ["weight", "bias"] as const) {
          first[part].forEach((value, i) => {
            const loss = (at: number) =>
              linearProbe({ ...first, [part]: first[part].with(i, at) }, 0).learn(data, all);
            const slope = (loss(value + nudge) - loss(value - nudge)) / (2 * nudge);
            if (Math.abs(slope) < 1e-4) return;
            const step = probe.weights[part][i] - value;
            assertClose(step, -0.01 * Math.sign(slope), { relative: 1e-3 });
          });
        }
      },
    ),
    { numRuns: 20 },
  );
});

Deno.test("linearProbe() takes any order of the cells of a batch for the same", () => {
  fc.assert(fc.property(fc.nat(), (seed) => {
    const data = random(seed, 10, 5, 3);
    const learned = (order: Uint32Array) => {
      const probe = linearProbe(firstProbeWeights(3, 5, stream(keyOf(seed))), 0.01);
      for (let i = 0; i < 5; i++) probe.learn(data, order);
      return probe.weights;
    };
    assertClose(learned(rows(10).toReversed()), learned(rows(10)), { absolute: 1e-7 });
  }));
});

Deno.test("linearProbe() lowers its loss for several seeds", () => {
  for (let seed = 1; seed <= 5; seed++) {
    const data = random(seed, 40, 8, 4);
    const probe = linearProbe(firstProbeWeights(4, 8, stream(keyOf(seed))), 0.01);
    const before = probe.learn(data, rows(40));
    for (let i = 0; i < 50; i++) probe.learn(data, rows(40));
    ok(probe.learn(data, rows(40)) < before, `seed ${seed}`);
  }
});

Deno.test("linearProbe() copies the weights it starts from", () => {
  const first = firstProbeWeights(2, 3, stream(keyOf(1))), before = structuredClone(first);
  linearProbe(first, 0.1).learn(random(1, 4, 3, 2), rows(4));
  assertSame(first, before);
});

Deno.test("linearProbe() has a loss of ln 2 for two classes that it cannot tell apart", () => {
  const probe = linearProbe({ weight: new Float64Array(2), bias: new Float64Array(2) }, 0.1);
  const data = { features: Float32Array.of(1, 2), width: 1, labels: Int32Array.of(0, 1) };
  assertClose(probe.learn(data, rows(2)), Math.LN2, { relative: 1e-12 });
});

Deno.test("linearProbe() puts cells into the class of the largest logit, ties into the first", () => {
  const weight = Float64Array.of(1, -1), bias = new Float64Array(2);
  const data = { features: Float32Array.of(2, -2, 0), width: 1, labels: Int32Array.of(0, 0, 0) };
  const probe = linearProbe({ weight, bias }, 0.1);
  assertSame(probe.accuracy(data, rows(3)), 2 / 3);
  assertSame(probe.accuracy(data, Uint32Array.of(2)), 1);
});

Deno.test("linearProbe() stays finite where logits are thousands apart", () => {
  const weight = Float64Array.of(5000, -5000), bias = new Float64Array(2);
  const data = { features: Float32Array.of(1), width: 1, labels: Int32Array.of(1) };
  assertSame(linearProbe({ weight, bias }, 0.1).learn(data, rows(1)), 10000);
});

Deno.test("firstProbeWeights() are uniform between -1/√width and 1/√width", () => {
  const { weight, bias } = firstProbeWeights(50, 16, stream(keyOf(1)));
  const all = [...weight, ...bias], share = all.filter((w) => w < 0).length / all.length;
  ok(Math.max(...all) <= 0.25 && Math.min(...all) >= -0.25);
  ok(Math.max(...all) > 0.24 && Math.min(...all) < -0.24 && Math.abs(share - 0.5) < 0.06);
});

Deno.test({
  name: "linearProbe() equals PyTorch on the golden run: losses, accuracies, final weights",
  ignore,
  fn() {
    const { linear_probe: run, logistic_l1: data } = JSON.parse(readFileSync(golden, "utf8"));
    const width = data.X[0].length, cells = data.X.length;
    const labelled = {
      width,
      features: Float32Array.from(data.X.flat()),
      labels: Int32Array.from(data.y),
    };
    const probe = linearProbe({
      weight: Float64Array.from(run.initial_weight.flat()),
      bias: Float64Array.from(run.initial_bias),
    }, run.lr);
    const test = rows(cells).subarray(data.train_rows), losses: number[] = [];
    const accuracies = (run.order_per_epoch as number[][]).map((order) => {
      for (let i = 0; i < order.length; i += run.batch) {
        losses.push(probe.learn(labelled, Uint32Array.from(order.slice(i, i + run.batch))));
      }
      return probe.accuracy(labelled, test);
    });
    assertClose(losses, run.batch_losses, { relative: 1e-5 });
    assertClose(accuracies, run.test_accuracy_per_epoch, { absolute: 1e-6 });
    assertClose([...probe.weights.weight], run.final_weight.flat(), { absolute: 1e-5 });
    assertClose([...probe.weights.bias], run.final_bias, { absolute: 1e-5 });
  },
});
