import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { keyOf } from "../core/random.ts";
import { expectedEntropy, labelMixing } from "../streams/reading/label_mixing.ts";
import { planRead } from "../streams/reading/plan/plan_read.ts";
import { shuffled } from "../streams/reading/plan/shuffle.ts";
import { assertClose } from "./first_difference.ts";

/** What an atlas "as given" is read with unless somebody says otherwise. */
const DEFAULT = { block: 64, window: 8192 };

/** Codes of cells that lie in order of their label. */
const sorted = (cells: number, labels: number): Int8Array =>
  Int8Array.from({ length: cells }, (_, cell) => Math.floor(cell * labels / cells));

/** Entropy of some codes, as it is defined. */
function entropyOf(codes: Iterable<number>): number {
  const counts = new Map<number, number>();
  let size = 0, entropy = 0;
  for (const code of codes) {
    counts.set(code, (counts.get(code) ?? 0) + 1);
    size++;
  }
  for (const count of counts.values()) entropy -= count / size * Math.log2(count / size);
  return entropy;
}

Deno.test("labelMixing() is the mean of what batches have, cells without a category counted", () =>
  fc.assert(fc.property(
    fc.array(fc.integer({ min: -1, max: 5 }), { minLength: 1, maxLength: 200 }),
    fc.integer({ min: 1, max: 50 }),
    fc.nat().map(keyOf),
    (codes, batch, order) => {
      const plan = planRead(codes.length, { order, block: 4, window: 30 }, DEFAULT);
      const drawn: number[] = [];
      for (let index = 0; index < plan.windows; index++) {
        const { spans, picks } = plan.window(index);
        const rows = spans.flatMap(({ from, to }) => codes.slice(from, to));
        for (const place of picks) drawn.push(rows[place]);
      }
      let sum = 0, batches = 0;
      for (let from = 0; from < drawn.length; from += batch, batches++) {
        sum += entropyOf(drawn.slice(from, from + batch));
      }
      assertClose(labelMixing(plan, codes, batch).entropy, sum / batches, { absolute: 1e-9 });
    },
  )));

Deno.test("expectedEntropy() is the mean over all ways to draw", () => {
  // Two of a, b and b are a and b in two ways of three, with one bit, and b and b in the third.
  assertClose(expectedEntropy([1, 2], 3, 2), 2 / 3, { absolute: 1e-12 });
  assertClose(expectedEntropy([0, 7], 7, 3), 0, { absolute: 1e-12 });
  assertClose(expectedEntropy([5, 3], 8, 8), entropyOf([0, 0, 0, 0, 0, 1, 1, 1]), {
    absolute: 1e-12,
  });
  // All 35 ways to draw three of seven cells.
  const codes = [0, 0, 0, 1, 1, 2, 3];
  let sum = 0, ways = 0;
  for (let a = 0; a < 7; a++) {
    for (let b = 0; b < a; b++) {
      for (let c = 0; c < b; c++, ways++) sum += entropyOf([codes[a], codes[b], codes[c]]);
    }
  }
  equal(ways, 35);
  assertClose(expectedEntropy([3, 2, 1, 1], 7, 3), sum / ways, { absolute: 1e-12 });
});

Deno.test("expectedEntropy() is what shuffled cells come to, in large atlases too", () => {
  const cells = 40_000, batch = 128, codes = sorted(cells, 37), order = shuffled(cells, keyOf(4));
  let sum = 0, batches = 0;
  for (let from = 0; from + batch <= cells; from += batch, batches++) {
    sum += entropyOf(Array.from(order.subarray(from, from + batch), (cell) => codes[cell]));
  }
  const counts = Array.from({ length: 37 }, (_, label) => codes.filter((c) => c === label).length);
  // The mean of 312 batches, each ± 0.04 bits.
  assertClose(expectedEntropy(counts, cells, batch), sum / batches, { absolute: 0.02 });
  ok(Number.isFinite(expectedEntropy([9e7, 1e7], 1e8, 8192)));
});

for (const labels of [3, 12, 60]) {
  Deno.test(`planRead() mixes ${labels} labels of a sorted atlas to nine tenths of random order`, () => {
    const cells = 100_000, codes = sorted(cells, labels);
    for (let seed = 0; seed < 3; seed++) {
      const plan = planRead(cells, { order: keyOf(seed) }, DEFAULT);
      const { share } = labelMixing(plan, codes, 128);
      ok(share >= 0.9 && share <= 1.01, `seed ${seed}: ${share} of random order`);
    }
    const stored = labelMixing(planRead(cells, { order: "stored" }, DEFAULT), codes, 128);
    ok(stored.share < 0.1, `as stored: ${stored.share}`);
  });
}

Deno.test("labelMixing() has nothing to say of one label and of no cells", () => {
  const one = planRead(500, { order: keyOf(1) }, DEFAULT);
  equal(labelMixing(one, new Int8Array(500), 64).share, 1);
  equal(labelMixing(planRead(0, { order: keyOf(1) }, DEFAULT), [], 64).share, 1);
});
