import { ok, rejects } from "node:assert/strict";
import fc from "fast-check";
import { concatCells } from "../core/batch.ts";
import { keyOf, stream } from "../core/random.ts";
import type { Sampler } from "../core/sampler.ts";
import {
  fillKeys,
  fillLargest,
  fillLongTailWeights,
  inclusionProbabilities,
} from "../core/successive_sampling.ts";
import { clsId } from "../core/tokens.ts";
import { longTail } from "../plugins/samplers/long_tail.ts";
import { uniform } from "../plugins/samplers/uniform.ts";
import { sample } from "../streams/sample.ts";
import { assertClose, assertSame } from "./first_difference.ts";
import { cellBatch, key } from "./laws/arbitraries.ts";
import { type Inclusion, samplerLaws } from "./laws/sampler_laws.ts";
import { through } from "./laws/through.ts";
import { told } from "./told.ts";
import { oneCell } from "./one_cell.ts";

const alike: Inclusion = (values, draws) => Float64Array.from(values, () => draws / values.length);

/** A share of draws by weight, the others alike. */
const weighted = (share: number): Inclusion => (values, draws) => {
  const byWeight = inclusionProbabilities(weightsOf(values), draws);
  return byWeight.map((p, i) => share * p + (1 - share) * alike(values, draws)[i]);
};

samplerLaws("uniform()", uniform, alike);
samplerLaws("longTail()", longTail, weighted(0.5));
samplerLaws("longTail() downstream", () => longTail({ share: 1 }), weighted(1));
samplerLaws("longTail() switched off", () => longTail({ share: 0 }), alike);

Deno.test("inclusionProbabilities() equals the sum over all orders of drawing", () => {
  const weight = fc.double({ min: 1e-3, max: 1e3, noNaN: true });
  fc.assert(fc.property(
    fc.array(weight, { minLength: 1, maxLength: 5 }),
    fc.nat(5),
    (weights, wanted) => {
      const draws = Math.min(wanted, weights.length), expected = weights.map(() => 0);
      forEachOrder(weights, draws, (order, p) => order.forEach((item) => expected[item] += p));
      assertClose(inclusionProbabilities(weights, draws), expected, { absolute: 1e-12 });
    },
  ));
});

Deno.test("inclusionProbabilities() of one draw are the weights' shares", () => {
  assertClose(inclusionProbabilities([1, 2, 5], 1), [1 / 8, 2 / 8, 5 / 8], { absolute: 1e-15 });
  // Both drawn but one: 1 - (1/8 · 2/7 + 2/8 · 1/6) is the last one's chance, and so on.
  const [, , last] = inclusionProbabilities([1, 2, 5], 2);
  assertClose(last, 1 - (1 / 8 * 2 / 7 + 2 / 8 * 1 / 6), { absolute: 1e-15 });
});

Deno.test("fillLargest() lists what a sort would list first", () => {
  const number = fc.oneof(fc.nat(20), fc.double({ min: 0, max: 1, noNaN: true }));
  const keys = fc.array(number, { minLength: 1, maxLength: 400, size: "max" });
  // Every tenth key says nothing about the others here.
  const odd = Array.from({ length: 320 }, (_, i) => i % 10 === 0 ? 1 + i : i / 1000);
  const property = fc.property(keys, fc.oneof(fc.nat(40), fc.nat(400)), (keys, wanted) => {
    const chosen = new Uint32Array(Math.min(wanted, keys.length));
    fillLargest(chosen, Float64Array.from(keys));
    const sorted = [...keys.keys()].sort((a, b) => keys[b] - keys[a] || a - b);
    assertSame(chosen, sorted.slice(0, chosen.length));
  });
  fc.assert(property, { examples: [[odd, 40], [odd.map((key) => -key), 40]] });
});

Deno.test("longTail() draws genes that are all alike as by equal weights", () => {
  const size = fc.integer({ min: 1, max: 200 });
  fc.assert(fc.property(key(), size, fc.nat(), (key, n, cell) => {
    const chosen = new Uint32Array(n), expected = new Uint32Array(n), keys = new Float64Array(n);
    const [random, again] = [stream(key), stream(key)];
    for (const each of [random, again]) each.at(cell);
    longTail({ share: 0 })(new Uint32Array(n), new Float32Array(n).fill(1), random, chosen);
    again.uniform();
    fillKeys(keys, new Float64Array(n).fill(1), again);
    fillLargest(expected, keys);
    assertSame(chosen, expected);
  }));
});

Deno.test("longTail() takes genes at the smallest value last", () => {
  const values = Float32Array.from([1, 3, 1, 2, 1], Math.log1p), chosen = new Uint32Array(2);
  const random = stream(keyOf(4)), sampler = longTail({ share: 1 });
  for (let cell = 0; cell < 200; cell++) {
    random.at(cell);
    sampler(new Uint32Array(5), values, random, chosen);
    assertSame(chosen.toSorted(), [1, 3]);
  }
});

Deno.test("sample() writes the cell token, then genes in stored order, then padding", async () => {
  const [tokens] = await through(
    sample(uniform(), { length: 4, genes: 10, key: keyOf(1) }),
    oneCell({ cell: 7, genes: [2, 5, 9], values: [0.5, 1.5, 2.5] }),
  );
  assertSame(tokens, {
    cells: [7],
    length: 5,
    genes: [11, 2, 5, 9, 10],
    input: [0, 0.5, 1.5, 2.5, 0],
    target: [0, 0.5, 1.5, 2.5, 0],
    padding: [0, 0, 0, 0, 1],
    masked: [0, 0, 0, 0, 0],
    obs: {},
  });
});

Deno.test("sample() shuffles a cell that just fits", async () => {
  const cell = oneCell({ cell: 0, genes: [0, 1, 2, 3, 4, 5], values: [1, 1, 1, 1, 1, 1] });
  const orders = new Set<string>();
  for (let seed = 0; seed < 20; seed++) {
    const rows = sample(uniform(), { length: 6, genes: 6, key: keyOf(seed) });
    orders.add((await through(rows, cell))[0].genes.join());
  }
  ok(orders.size > 15, `${orders.size} orders in 20 draws`);
});

Deno.test("sample() refuses an entry that the cell has not, where another cell's would be read", async () => {
  const cells = [7, 8].map((cell) => oneCell({ cell, genes: [0, 1, 2], values: [1, 1, 1] }));
  const shown = (entry: number) => {
    const sampler: Sampler = (_genes, _values, _random, chosen) => void chosen.fill(entry);
    return through(sample(sampler, { length: 1, genes: 3, key: keyOf(1) }), concatCells(cells));
  };
  assertSame((await shown(2))[0].genes, [clsId(3), 2, clsId(3), 2]);
  for (const entry of [3, 5, 6]) {
    await rejects(shown(entry), {
      name: "RunError",
      message: new RegExp(
        `^Cannot show cell 7: .* entry ${entry}, and the cell has 3, counted from 0`,
      ),
    });
  }
});

Deno.test("sample() draws afresh for another key", () => {
  const cells = cellBatch({ genes: 30, maxCells: 3 });
  return fc.assert(fc.asyncProperty(cells, key(), async (cells, key) => {
    const draw = async (other: number) => {
      const rows = sample(uniform(), { length: 5, genes: 30, key: [key[0], other] });
      return `${(await through(rows, cells))[0].genes}`;
    };
    const draws = new Set(await Promise.all([1, 2, 3, 4, 5, 6].map(draw)));
    const full = cells.cells.some((_, i) => cells.offsets[i + 1] - cells.offsets[i] >= 5);
    assertSame(draws.size > 1, full);
  }));
});

Deno.test("fillKeys() gives the keys w / E, in order", () => {
  const keys = new Float64Array(3);
  fillKeys(keys, [1, 2, 3], told({ exponential: [0.5, 4, 1] }));
  assertSame(keys, [2, 0.5, 3]);
});

function weightsOf(values: ArrayLike<number>): Float64Array {
  const weights = new Float64Array(values.length);
  fillLongTailWeights(weights, values);
  return weights;
}

/** Calls `visit` with every order of `draws` items and the probability of drawing it. */
function forEachOrder(
  weights: readonly number[],
  draws: number,
  visit: (order: readonly number[], probability: number) => void,
) {
  function draw(order: readonly number[], probability: number) {
    if (order.length === draws) return visit(order, probability);
    const left = [...weights.keys()].filter((item) => !order.includes(item));
    const sum = left.reduce((sum, item) => sum + weights[item], 0);
    for (const item of left) draw([...order, item], probability * weights[item] / sum);
  }
  draw([], 1);
}
