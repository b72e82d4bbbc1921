import { notDeepEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import { permutation } from "../core/permutation.ts";
import { derive, drawnRate, fillBlock, fillKeep, type Key, keyOf, stream } from "../core/random.ts";
import { assertSame } from "./first_difference.ts";
import { key } from "./laws/arbitraries.ts";

Deno.test("fillBlock() is Threefry-2x32 with 13 rounds: the authors' known answers", () => {
  const answers: [Key, number, number, number, number][] = [
    [[0, 0], 0, 0, 0x9d1c5ec6, 0x8bd50731],
    [[0xffffffff, 0xffffffff], 0xffffffff, 0xffffffff, 0xfd36d048, 0x2d17272c],
    [[0x13198a2e, 0x03707344], 0x243f6a88, 0x85a308d3, 0xba3e4725, 0xf27d669e],
  ];
  for (const [key, high, low, first, second] of answers) {
    const block = new Uint32Array(2);
    fillBlock(block, key, high, low);
    assertSame(block, [first, second]);
  }
});

Deno.test("at() reaches every position without the ones before it", () => {
  fc.assert(fc.property(key(), fc.nat(), fc.nat(9), (key, position, before) => {
    const fresh = stream(key), used = stream(key);
    for (let i = 0; i < before; i++) used.bits();
    fresh.at(position);
    used.at(position);
    for (let i = 0; i < 5; i++) assertSame(used.bits(), fresh.bits());
  }));
});

Deno.test("derive() gives different purposes different streams", () => {
  const purposes = [[], ["mask"], ["sample"], ["mask", 0], ["mask", 1], [0, "mask"], [0], [1]];
  const words = fc.array(fc.oneof(fc.string(), fc.nat()), { maxLength: 3 });
  fc.assert(fc.property(key(), words, words, (key, a, b) => {
    const same = JSON.stringify(a) === JSON.stringify(b);
    const [x, y] = [a, b].map((purpose) => firstBits(derive(key, ...purpose)));
    if (!same) notDeepEqual(x, y);
  }));
  const seen = purposes.map((purpose) => firstBits(derive(keyOf(1), ...purpose)).join());
  assertSame(new Set(seen).size, purposes.length);
});

Deno.test("keyOf() gives different seeds different streams, past 32 bits too", () => {
  const seeds = [0, 1, 2, 2 ** 32, 2 ** 32 + 1, 2 ** 52, -1];
  assertSame(new Set(seeds.map((seed) => firstBits(keyOf(seed)).join())).size, seeds.length);
});

Deno.test("uniform() stays in [0, 1) and fills it evenly", () => {
  const counts = new Uint32Array(16), random = stream(keyOf(3));
  for (let i = 0; i < 16_000; i++) counts[Math.floor(random.uniform() * 16)]++;
  ok(chiSquare(counts) < 51, `χ² is ${chiSquare(counts)}`); // exceeded once in 100,000 times
});

Deno.test("below() is unbiased", () => {
  for (const n of [3, 6, 7]) {
    const counts = new Uint32Array(n), random = stream(keyOf(n));
    for (let i = 0; i < 10_000 * n; i++) counts[random.below(n)]++;
    ok(chiSquare(counts) < 35, `n = ${n}: χ² is ${chiSquare(counts)}`);
  }
});

Deno.test("below() is unbiased where a remainder would not be", () => {
  // A third of 2³² more than 2³¹: plain remainders would fall into the lower half twice as often.
  const n = 3 * 2 ** 30, random = stream(keyOf(5)), counts = new Uint32Array(3);
  for (let i = 0; i < 30_000; i++) counts[Math.floor(random.below(n) / 2 ** 30)]++;
  ok(chiSquare(counts) < 24, `χ² is ${chiSquare(counts)}`);
});

Deno.test("exponential() and normal() have the moments of their distributions", () => {
  const random = stream(keyOf(8)), n = 40_000;
  const moments = (draw: () => number) => {
    let sum = 0, squares = 0;
    for (let i = 0; i < n; i++) {
      const x = draw();
      sum += x;
      squares += x * x;
    }
    return [sum / n, squares / n];
  };
  const [mean, square] = moments(() => random.exponential());
  ok(Math.abs(mean - 1) < 5 / Math.sqrt(n), `mean ${mean}`);
  ok(Math.abs(square - 2) < 5 * Math.sqrt(20 / n), `mean square ${square}`);
  const [zero, one] = moments(() => random.normal());
  ok(Math.abs(zero) < 5 / Math.sqrt(n), `mean ${zero}`);
  ok(Math.abs(one - 1) < 5 * Math.sqrt(2 / n), `mean square ${one}`);
});

Deno.test("fillUniforms() and fillExponentials() give what single draws give", () => {
  const kinds = fc.constantFrom("bits" as const, "uniform" as const, "exponential" as const);
  const draws = fc.array(fc.tuple(kinds, fc.nat(9)), { minLength: 1, maxLength: 8 });
  fc.assert(fc.property(key(), fc.nat(), draws, (key, position, draws) => {
    const together = stream(key), alone = stream(key);
    together.at(position);
    alone.at(position);
    for (const [kind, count] of draws) {
      const found = new Float64Array(count);
      if (kind === "uniform") together.fillUniforms(found);
      else if (kind === "exponential") together.fillExponentials(found);
      else found.forEach((_, i) => found[i] = together.bits());
      assertSame(found, Float64Array.from({ length: count }, () => alone[kind]()));
    }
  }));
});

Deno.test("fillKeep() drops the drawn share", () => {
  for (const rate of [0, 0.15, 0.4, 0.5, 0.8, 1]) {
    const keep = new Uint8Array(50_001);
    fillKeep(keep, { rate, key: keyOf(2) });
    const share = keep.reduce((sum, kept) => sum + kept, 0) / keep.length, q = drawnRate(rate);
    const spread = Math.sqrt(q * (1 - q) / keep.length);
    ok(Math.abs(share - (1 - q)) <= 5 * spread, `rate ${rate}: kept ${share}`);
  }
});

Deno.test("permutation() is a bijection, and positionOf() its inverse", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 300 }), key(), (size, key) => {
    const { at, positionOf } = permutation(size, key), seen = new Uint8Array(size);
    for (let p = 0; p < size; p++) {
      seen[at(p)]++;
      assertSame(positionOf(at(p)), p);
    }
    assertSame(seen, new Uint8Array(size).fill(1));
  }));
});

Deno.test("permutation() inverts far beyond what fits in memory", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 32 }), fc.nat(), key(), (size, i, key) => {
    const { at, positionOf } = permutation(size, key);
    assertSame(positionOf(at(i % size)), i % size);
    assertSame(at(positionOf(i % size)), i % size);
  }));
});

Deno.test("permutation() brings every item to every place alike", () => {
  const size = 12, counts = new Uint32Array(size * size);
  for (let seed = 0; seed < 4000; seed++) {
    const { at } = permutation(size, keyOf(seed));
    for (let p = 0; p < size; p++) counts[p * size + at(p)]++;
  }
  // 121 degrees of freedom: exceeded about once in 100,000 times.
  ok(chiSquare(counts) < 195, `χ² is ${chiSquare(counts)}`);
});

function firstBits(key: Key): number[] {
  const random = stream(key);
  return [random.bits(), random.bits()];
}

/** χ² of counts that should be alike. */
function chiSquare(counts: Uint32Array): number {
  const expected = counts.reduce((a, b) => a + b, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}
