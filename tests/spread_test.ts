import { throws } from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { interval, mean, pairedDifference, spread } from "../core/spread.ts";
import { assertClose, assertSame } from "./first_difference.ts";

const golden = new URL("../../shared/fixtures/metrics/metrics.json", import.meta.url);
const ignore = !existsSync(golden);
const read = () => JSON.parse(readFileSync(golden, "utf8"));

const numbers = () =>
  fc.array(fc.integer({ min: -1000, max: 1000 }).map((n) => n / 8), { minLength: 2, maxLength: 9 });

Deno.test("spread() moves with its numbers and grows with their scale", () => {
  fc.assert(fc.property(numbers(), (values) => {
    const { mean, sd, n } = spread(values);
    const moved = spread(values.map((v) => 2 * v + 3));
    assertClose(moved, { n, mean: 2 * mean + 3, sd: 2 * sd }, { absolute: 1e-9 });
  }));
});

Deno.test("spread() of 2, 4 and 9 has mean 5 and variance 13", () => {
  assertSame(spread([2, 4, 9]), { n: 3, mean: 5, sd: Math.sqrt(13) });
});

Deno.test("spread() of one number has no deviation, of none no mean", () => {
  assertSame(spread([7]), { n: 1, mean: 7, sd: NaN });
  assertSame(mean([]), NaN);
});

Deno.test("interval() is 4.3027 standard errors either way for three numbers", () => {
  const half = 4.302652729749462 * Math.sqrt(13 / 3);
  assertClose(interval(spread([2, 4, 9])), { from: 5 - half, to: 5 + half }, { relative: 1e-8 });
});

Deno.test("interval() widens by SciPy's quantiles of Student's t for few and many numbers", () => {
  const quantiles: readonly (readonly [number, number])[] = [
    [1, 12.706204736432095],
    [4, 2.7764451051977987],
    [9, 2.2621571627409915],
    [29, 2.045229642132703],
  ];
  for (const [freedom, quantile] of quantiles) {
    const root = Math.sqrt(freedom + 1);
    assertClose(interval({ n: freedom + 1, mean: 0, sd: root }).to, quantile, { relative: 1e-7 });
  }
});

Deno.test("interval() of a single number is not known", () => {
  assertSame(interval(spread([7])), { from: NaN, to: NaN });
});

Deno.test("pairedDifference() changes sign, and nothing else, when its lists change places", () => {
  fc.assert(fc.property(numbers(), (a) => {
    const b = a.map((v, i) => v / 2 + i),
      one = pairedDifference(a, b),
      other = pairedDifference(b, a);
    assertClose(other.difference.mean, -one.difference.mean, { absolute: 1e-12 });
    assertClose(other.t, -one.t, { relative: 1e-9 });
    assertClose(other.p, one.p, { relative: 1e-9 });
  }));
});

Deno.test("pairedDifference() finds nothing between equal lists, and certainty in a constant shift", () => {
  assertSame(pairedDifference([1, 2, 3], [1, 2, 3]).p, NaN);
  assertSame(pairedDifference([2, 3, 4], [1, 2, 3]).p, 0);
});

Deno.test("pairedDifference() refuses lists of different lengths", () => {
  throws(() => pairedDifference([1, 2], [1]), RangeError);
});

Deno.test({
  name: "spread() equals NumPy on the golden numbers",
  ignore,
  fn() {
    const { x, mean, sd_sample } = read().mean_sd;
    assertClose(spread(x), { n: x.length, mean, sd: sd_sample }, { relative: 1e-12 });
  },
});

Deno.test({
  name: "pairedDifference() equals SciPy's paired t-test on the golden numbers",
  ignore,
  fn() {
    for (const { a, b, paired } of read().t_tests) {
      if (paired === undefined) continue;
      const { t, p, freedom } = pairedDifference(a, b);
      assertClose({ t, p, df: freedom }, paired, { relative: 1e-7 });
    }
  },
});
