import { equal, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "../core/errors.ts";
import { derive, keyOf } from "../core/random.ts";
import type { ReadRequest } from "../core/source.ts";
import { planRead, type PlanRequest } from "../streams/reading/plan/plan_read.ts";
import { shuffled } from "../streams/reading/plan/shuffle.ts";
import { balancedWeights, drawWeighed, weighCells } from "../streams/reading/plan/weigh_cells.ts";
import { type ReadPlan, startAt, type Window } from "../streams/reading/read_plan.ts";
import { assertClose, assertSame } from "./first_difference.ts";
import { key } from "./laws/arbitraries.ts";

/** Rows of the cells of a window, in their order. */
function rowsOf({ spans, picks }: Window): number[] {
  const rows = spans.flatMap(({ from, to }) =>
    Array.from({ length: to - from }, (_, i) => from + i)
  );
  return Array.from(picks, (place) => rows[place]);
}

/** Rows of the cells of a plan, in their order. */
const orderOf = (plan: ReadPlan): number[] => windowsOf(plan).flatMap(rowsOf);

const windowsOf = (plan: ReadPlan): Window[] =>
  Array.from({ length: plan.windows }, (_, index) => plan.window(index));

const ascending = (rows: readonly number[]): number[] => rows.toSorted((a, b) => a - b);

/** Some cells, blocks and windows of any sizes, in any order. */
const asked = fc.record({
  cells: fc.nat(1500),
  block: fc.integer({ min: 1, max: 120 }),
  window: fc.integer({ min: 1, max: 600 }),
  order: fc.oneof<fc.Arbitrary<ReadRequest["order"]>[]>(fc.constant("stored"), key()),
});

/** A law of every plan. */
function law(
  claim: string,
  check: (
    cells: number,
    request: PlanRequest & { readonly block: number; readonly window: number },
    salt: number,
  ) => void,
): void {
  Deno.test(`planRead() ${claim}`, () =>
    fc.assert(
      fc.property(asked, fc.nat(), ({ cells, ...request }, salt) => check(cells, request, salt)),
      { numRuns: 60 },
    ));
}

const SHAPE = { block: 64, window: 8192 };
const keepOf = (salt: number) => (cell: number) =>
  Math.imul((cell >> 3) + salt, 0x9E3779B1) >>> 30 === 0;

law("gives every cell once, in windows of whole blocks", (cells, request) => {
  const plan = planRead(cells, request, SHAPE);
  assertSame(ascending(orderOf(plan)), [...Array(cells).keys()]);
  const most = Math.max(1, Math.floor(request.window / request.block)) * request.block;
  for (const { picks, spans } of windowsOf(plan)) {
    ok(picks.length > 0 && picks.length <= Math.min(plan.most, most));
    for (const { from } of spans) equal(from % request.block, 0);
  }
  if (request.order === "stored") {
    assertSame(orderOf(plan), [...Array(cells).keys()]);
    ok(windowsOf(plan).every(({ spans }) => spans.length === 1));
  }
});

law("gives a window whatever was asked for before", (cells, request, salt) => {
  const plan = planRead(cells, { ...request, keep: keepOf(salt) }, SHAPE);
  const forth = windowsOf(plan), indices = [...Array(plan.windows).keys()];
  const back = planRead(cells, { ...request, keep: keepOf(salt) }, SHAPE);
  for (const index of indices.reverse()) assertSame(back.window(index), forth[index]);
});

law("begins anywhere as if the cells before had been dropped", (cells, request, salt) => {
  for (const keep of [undefined, keepOf(salt)]) {
    const plan = planRead(cells, { ...request, ...(keep && { keep }) }, SHAPE);
    const all = orderOf(plan);
    for (const from of [0, 1, salt % (all.length + 1), all.length, all.length + 7]) {
      const fresh = planRead(cells, { ...request, ...(keep && { keep }) }, SHAPE);
      const { window, skip } = startAt(fresh, from);
      const rest = windowsOf(fresh).slice(window).flatMap(rowsOf).slice(skip);
      assertSame(rest, all.slice(from));
      ok(window === plan.windows || skip < plan.window(window).picks.length);
    }
    equal(plan.before(plan.windows), all.length);
  }
});

law("leaves out what is not kept, and reads no span for nothing", (cells, request, salt) => {
  const keep = keepOf(salt), plan = planRead(cells, { ...request, keep }, SHAPE);
  assertSame(orderOf(plan), orderOf(planRead(cells, request, SHAPE)).filter(keep));
  for (const { spans, picks } of windowsOf(plan)) {
    const lengths = spans.map(({ from, to }) => to - from);
    for (let i = 0, start = 0; i < spans.length; start += lengths[i++]) {
      ok(picks.some((place) => place >= start && place < start + lengths[i]));
    }
  }
});

law(
  "deals the blocks to shares that are all cells, and equal to one block",
  (cells, request, salt) => {
    const of = 1 + salt % 7;
    const shares = Array.from(
      { length: of },
      (_, rank) => orderOf(planRead(cells, { ...request, share: { rank, of } }, SHAPE)),
    );
    assertSame(ascending(shares.flat()), [...Array(cells).keys()]);
    const sizes = shares.map(({ length }) => length);
    ok(Math.max(...sizes) - Math.min(...sizes) <= request.block, `shares of ${sizes} cells`);
  },
);

Deno.test("planRead() gives one order for a key, and another for another, block or cell", () =>
  fc.assert(fc.property(key(), fc.constantFrom(1, 7, 200), (order, block) => {
    const planFor = (order: ReadRequest["order"]) =>
      planRead(200, { order, block, window: 40 }, SHAPE);
    assertSame(orderOf(planFor(order)), orderOf(planFor(order)));
    const other = orderOf(planFor(derive(order, "another")));
    ok(orderOf(planFor(order)).some((row, i) => row !== other[i]));
  })));

Deno.test("planRead() shuffles each window its own way", () => {
  const plan = planRead(3000, { order: keyOf(1), window: 1000, block: 100 }, SHAPE);
  const [first, second] = windowsOf(plan).map(({ picks }) => picks);
  assertSame(first.toSorted(), second.toSorted());
  ok(first.some((place, i) => place !== second[i]));
});

Deno.test("planRead() draws the blocks of a window from the whole atlas", () => {
  // In an atlas sorted by label a window must hold the first and the last quarter alike.
  for (let seed = 0; seed < 20; seed++) {
    const { spans } = planRead(64_000, { order: keyOf(seed), window: 1024 }, SHAPE).window(3);
    const quarters = spans.map(({ from }) => Math.floor(from / 16_000));
    equal(spans.length, 16);
    ok(new Set(quarters).size >= 3, `seed ${seed} draws from ${new Set(quarters).size} quarters`);
  }
});

Deno.test("planRead() puts a short last block anywhere", () => {
  const cells = 10 * 64 + 1, places = Array.from({ length: 11 }, () => 0);
  for (let seed = 0; seed < 330; seed++) {
    const plan = planRead(cells, { order: keyOf(seed), window: 64 }, SHAPE);
    places[windowsOf(plan).findIndex(({ picks }) => picks.length === 1)]++;
  }
  // 30 are expected at each place; 10 are 3.8 standard deviations fewer.
  ok(places.every((times) => times > 10), `it comes ${places} times at each place`);
});

Deno.test("shuffled() gives each order of four as often as any other", () => {
  const times = new Map<string, number>();
  for (let seed = 0; seed < 2400; seed++) {
    const order = shuffled(4, keyOf(seed)).join("");
    times.set(order, (times.get(order) ?? 0) + 1);
  }
  equal(times.size, 24);
  const squares = [...times.values()].map((seen) => (seen - 100) ** 2 / 100);
  // The 99.99th percentile of χ² with 23 degrees of freedom is 56.
  ok(squares.reduce((sum, square) => sum + square) < 56, `χ² is ${squares}`);
});

/** Codes of cells: some categories, perhaps rare or absent, and cells without one. */
const someCodes = fc.array(fc.integer({ min: -1, max: 6 }), { minLength: 1, maxLength: 300 })
  .map((codes) => Int8Array.from(codes)).filter((codes) => codes.some((code) => code >= 0));

Deno.test("weighCells() makes every category as likely as any other, whatever the blocks", () =>
  fc.assert(
    fc.property(someCodes, fc.integer({ min: 1, max: 40 }), fc.nat(), (codes, block, salt) => {
      const keep = (cell: number) => codes[cell] === 0 || (cell + salt) % 5 > 0;
      const cells = [...codes.keys()].filter((cell) => codes[cell] >= 0 && keep(cell));
      const { before, weightOf, cells: counted } = weighCells(
        codes.length,
        balancedWeights(codes, keep),
        block,
      );
      equal(counted, cells.length);
      if (cells.length === 0) return;
      // The probability of a cell: of its block, times its own within it.
      const chances = new Float64Array(codes.length);
      for (let b = 0; b + 1 < before.length; b++) {
        const rows = [...codes.keys()].slice(b * block, (b + 1) * block);
        const sum = rows.reduce((sum, cell) => sum + weightOf(cell), 0);
        for (const cell of rows) {
          if (sum === 0) continue;
          chances[cell] = (before[b + 1] - before[b]) / before[before.length - 1] * weightOf(cell) /
            sum;
        }
      }
      const present = new Set(cells.map((cell) => codes[cell])).size;
      for (const cell of codes.keys()) {
        const its = cells.includes(cell) &&
          cells.filter((other) => codes[other] === codes[cell]).length;
        assertClose(chances[cell], its ? 1 / (present * its) : 0, { relative: 1e-9 });
      }
    }),
  ));

Deno.test("drawWeighed() draws a cell as often as its weight says", () => {
  const codes = Int8Array.from(
    { length: 23 },
    (_, cell) => [-1, 0, 0, 0, 1, 1, 2][cell * cell % 7],
  );
  const block = 4,
    weighed = weighCells(codes.length, balancedWeights(codes), block),
    draws = drawWeighed(weighed, keyOf(3));
  const times = new Float64Array(codes.length), all = 60_000;
  for (let number = 0; number < all; number++) {
    const from = draws.blockAt(number) * block, rows = { from, to: Math.min(from + block, 23) };
    for (const cell of draws.cellsAt(number, { rows, count: 1 })) times[cell]++;
  }
  let squares = 0;
  for (const [cell, seen] of times.entries()) {
    const expected = all * weighed.weightOf(cell);
    if (expected === 0) equal(seen, 0);
    else squares += (seen - expected) ** 2 / expected;
  }
  // The 99.99th percentile of χ² with 22 degrees of freedom is 54.
  ok(squares < 54, `χ² is ${squares}`);
});

law("balances a column by as many draws as cells have a category", (cells, request, salt) => {
  if (request.order === "stored" || cells === 0) return;
  const codes = Int8Array.from({ length: cells }, (_, cell) => (cell * 7 + salt) % 4 - 1);
  const keep = keepOf(salt), balanced = { ...request, keep, balance: "type" };
  const drawable = [...codes.keys()].filter((cell) => codes[cell] >= 0 && keep(cell));
  const shape = { ...SHAPE, codes };
  if (drawable.length === 0) {
    throws(() => planRead(cells, balanced, shape), InputError);
    return;
  }
  const plan = planRead(cells, balanced, shape), rows = orderOf(plan);
  equal(rows.length, drawable.length);
  equal(plan.before(plan.windows), rows.length);
  const allowed = new Set(drawable);
  ok(rows.every((row) => allowed.has(row)));
  const of = 1 + salt % 5;
  const shares = Array.from(
    { length: of },
    (_, rank) => orderOf(planRead(cells, { ...balanced, share: { rank, of } }, shape)),
  );
  assertSame(ascending(shares.flat()), ascending(rows));
  for (const { spans } of windowsOf(plan)) {
    equal(new Set(spans.map(({ from }) => from)).size, spans.length);
  }
});

Deno.test("planRead() makes rare categories as frequent as common ones in an epoch", () => {
  // Sorted by label: 20,000 cells of one, 500 and 100 of the others.
  const codes = Int8Array.from(
    { length: 20_600 },
    (_, cell) => cell < 20_000 ? 0 : cell < 20_500 ? 1 : 2,
  );
  const counts = [0, 0, 0];
  for (let seed = 0; seed < 8; seed++) {
    const request = { order: keyOf(seed), balance: "type" };
    for (const row of orderOf(planRead(20_600, request, { block: 16, window: 1024, codes }))) {
      counts[codes[row]]++;
    }
  }
  // Of 10,300 blocks 3,433 are expected for each, ± 48.
  for (const count of counts) assertClose(count / (8 * 20_600), 1 / 3, { absolute: 0.025 });
});

Deno.test("planRead() draws cells in proportion to their weights, and those that are kept", () => {
  const cells = 3000, weigh = (cell: number) => cell % 3, keep = (cell: number) => cell % 2 === 0;
  const counts = [0, 0, 0];
  for (let seed = 0; seed < 40; seed++) {
    const request = { order: keyOf(seed), weigh, keep };
    const rows = orderOf(planRead(cells, request, { block: 4, window: 256 }));
    equal(rows.length, 1000);
    for (const row of rows) {
      ok(keep(row));
      counts[weigh(row)]++;
    }
  }
  // Twice the weight, twice as often: of 40,000 draws in blocks of four, 26,667 ± 190.
  equal(counts[0], 0);
  assertClose(counts[2] / 40_000, 2 / 3, { absolute: 0.025 });
});

Deno.test("planRead() refuses what cannot be read", () => {
  const order = keyOf(1);
  for (const wrong of [{ block: 0 }, { window: 0.5 }, { share: { rank: 2, of: 2 } }]) {
    throws(() => planRead(9, { order, ...wrong }, SHAPE), RangeError);
  }
  throws(() => planRead(9, { order, balance: "type" }, SHAPE), RangeError);
  throws(() => planRead(9, { order, weigh: () => -1 }, SHAPE), RangeError);
  throws(() => planRead(9, { order, weigh: () => NaN }, SHAPE), RangeError);
  throws(() => planRead(9, { order, weigh: () => 0 }, SHAPE), InputError);
  throws(() => planRead(9, { order: "stored", weigh: () => 1 }, SHAPE), RangeError);
  const codes = new Int8Array(9).fill(-1);
  throws(() => planRead(9, { order, balance: "type" }, { ...SHAPE, codes }), InputError);
});
