import { ok } from "node:assert/strict";
import fc from "fast-check";
import { fillKeep } from "../core/random.ts";
import { fillerOf, fillKeepQuickly } from "../streams/engine/dropout/fill_keep.ts";
import { keepModule, PIECE } from "../streams/engine/dropout/keep_loop.ts";
import { assertSame } from "./first_difference.ts";
import { key } from "./laws/arbitraries.ts";

/** Around words, vectors, turns of the loop and pieces of memory. */
const EDGES = [0, 1, 7, 8, 15, 16, 17, 63, 64, 65, 127, 128, 129, 1000, 4097, 100_000]
  .concat([PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE + 130]);

/** Any rate, half of them on the grid of 1/256 that is drawn. */
const rate = () =>
  fc.oneof(
    fc.constantFrom(0, 1 / 256, 127 / 256, 0.5, 129 / 256, 254 / 256, 255 / 256, 0.9999, 1),
    fc.double({ min: 0, max: 1, noNaN: true }),
  );

Deno.test("keepModule() is WebAssembly that this runtime takes", () => {
  // Else all other laws would hold plain JavaScript against itself.
  ok(WebAssembly.validate(keepModule()));
});

Deno.test("fillKeepQuickly() gives the bytes of fillKeep(), whatever the length, rate and key", () => {
  for (const length of EDGES) {
    fc.assert(
      fc.property(rate(), key(), fc.nat(100), (rate, key, from) => {
        const quick = new Uint8Array(length), plain = new Uint8Array(length);
        fillKeepQuickly(quick, { rate, key, from });
        fillKeep(plain, { rate, key, from });
        assertSame(quick, plain);
      }),
      { numRuns: 20 },
    );
  }
});

Deno.test("fillKeepQuickly() writes the part that it is given and nothing around it", () => {
  const part = fc.record({ before: fc.nat(70), length: fc.nat(3000), after: fc.nat(70) });
  fc.assert(fc.property(part, rate(), key(), ({ before, length, after }, rate, key) => {
    const quick = new Uint8Array(before + length + after).fill(7), plain = quick.slice();
    fillKeepQuickly(quick.subarray(before, before + length), { rate, key });
    fillKeep(plain.subarray(before, before + length), { rate, key });
    assertSame(quick, plain);
  }));
});

Deno.test("fillKeep() of a part gives the bytes that it has in the whole", () => {
  fc.assert(fc.property(fc.nat(300), fc.nat(300), rate(), key(), (from, length, rate, key) => {
    const whole = new Uint8Array(from + length), part = new Uint8Array(length);
    fillKeep(whole, { rate, key });
    fillKeep(part, { rate, key, from });
    assertSame(part, whole.subarray(from));
  }));
});

Deno.test("fillKeepQuickly() has no memory of what it filled before", () => {
  fc.assert(fc.property(fc.nat(5000), fc.nat(5000), rate(), key(), (length, other, rate, key) => {
    const first = new Uint8Array(length), again = new Uint8Array(length);
    fillKeepQuickly(first, { rate, key });
    fillKeepQuickly(new Uint8Array(other), { rate: 0.5, key });
    fillKeepQuickly(again, { rate, key });
    assertSame(again, first);
  }));
});

Deno.test("fillerOf() falls back to JavaScript where the runtime refuses the module", () => {
  assertSame(fillerOf(keepModule().subarray(0, -1)), fillKeep);
});
