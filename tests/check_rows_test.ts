import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { cellFault } from "../streams/atlas/cell_fault.ts";
import type { Layout } from "../streams/atlas/layout.ts";
import { openCheckKernel, PIECE } from "../streams/reading/staging/check_kernel.ts";
import { checkRows } from "../streams/reading/staging/check_rows.ts";
import { makeStaging, reserveEntries } from "../streams/reading/staging/staging.ts";

/** Cells that are right but for at most one entry. */
const anyRows = () =>
  fc.record({
    sizes: fc.array(fc.oneof(fc.nat(20), fc.constantFrom(0, 7, 8, 9)), { maxLength: 9 }),
    first: fc.nat(60_000),
    step: fc.integer({ min: 1, max: 40 }),
    wrong: fc.nat(),
    gene: fc.option(fc.oneof(fc.nat(65_535), fc.constantFrom(2 ** 31 + 5, 2 ** 32 - 1))),
    value: fc.option(
      fc.constantFrom(0, -0, -1, NaN, Infinity, -Infinity, 1e-40, 0.5, 65_535, 2 ** 31),
    ),
    kind: fc.constantFrom("short", "long"),
    skipped: fc.nat(3),
  });

Deno.test("checkRows() refuses the cells that cellFault() refuses, and no others", () =>
  fc.assert(
    fc.property(anyRows(), ({ sizes, first, step, wrong, gene, value, kind, skipped }) => {
      const layout: Layout = { genes: 64_000, values: "counts", columns: [], numbers: [] };
      const entries = skipped + sizes.reduce((sum, size) => sum + size, 0);
      const staging = makeStaging(kind as "short", 0, { bytes: Infinity, used: 0 });
      reserveEntries(staging, Math.max(1, entries));
      staging.offsets = new Uint32Array(sizes.length + 1).fill(skipped);
      sizes.forEach((size, row) => {
        const begin = staging.offsets[row], end = staging.offsets[row + 1] = begin + size;
        for (let e = begin; e < end; e++) {
          staging.genes[e] = first + (e - begin) * step;
          staging.values[e] = 1 + e % 5;
        }
      });
      const at = skipped + wrong % Math.max(1, entries - skipped);
      if (gene !== null && at < entries) staging.genes[at] = gene;
      if (value !== null && at < entries) staging.values[at] = value;
      staging.others = staging.offsets.slice();
      const genes = Uint32Array.from(staging.genes), { values, offsets } = staging;
      const isWrong = sizes.some((_, row) =>
        cellFault({ genes, values }, { from: offsets[row], to: offsets[row + 1] }, layout)
      );
      const whole = value === null || Number.isInteger(value);
      let refused = false;
      try {
        const rows = { from: 0, to: sizes.length, whole, falls: NaN, faults: NaN };
        checkRows(staging, rows, layout);
      } catch {
        refused = true;
      }
      equal(refused, isWrong);
    }),
    { numRuns: 2000 },
  ));

Deno.test("openCheckKernel() counts falls and finds values wherever they are", () => {
  const kernel = openCheckKernel()!, size = 2 * PIECE + 21;
  ok(kernel, "this machine has no vectors of WebAssembly");
  for (const at of [1, 2, 8, 9, PIECE, PIECE + 1, PIECE + 2, 2 * PIECE + 1, size - 2, size - 1]) {
    for (const to of [at + 1, size]) {
      const genes = Uint16Array.from({ length: size }, (_, e) => e + 40_000);
      equal(kernel.countFalls(genes, 1, to), 0);
      genes[at] = genes[at - 1];
      equal(kernel.countFalls(genes, 1, to), 1);
      const values = new Float32Array(size).fill(1);
      ok(kernel.arePositive(values, 0, to));
      for (const wrong of [0, -0, -1, Infinity, -Infinity, NaN]) {
        values[at] = wrong;
        ok(!kernel.arePositive(values, 0, to));
      }
    }
  }
});
