import { ok, throws } from "node:assert/strict";
import fc from "fast-check";
import type { CellBatch } from "../core/batch.ts";
import { binOf, fillQuantiles } from "../core/binning.ts";
import { bin } from "../plugins/transforms/bin.ts";
import { librarySize } from "../plugins/transforms/library_size.ts";
import { log1p } from "../plugins/transforms/log1p.ts";
import { assertClose, assertSame } from "./first_difference.ts";
import { golden } from "./golden.ts";
import { cellBatch } from "./laws/arbitraries.ts";
import { through } from "./laws/through.ts";
import { transformLaws } from "./laws/transform_laws.ts";

transformLaws("log1p()", log1p, { takes: "counts" });
transformLaws("librarySize()", librarySize, { takes: "counts" });
transformLaws("bin() of counts", () => bin({ bins: 5 }), { takes: "counts" });
transformLaws("bin() of logarithms", bin, { takes: "log1p" });

const counts = cellBatch({ genes: 9, maxCells: 4, scale: "counts" });

Deno.test("log1p() is the natural logarithm of one more", async () => {
  const [{ values }] = await through(log1p(), cellOf([1, 3, 99]));
  assertClose(values, [Math.log(2), Math.log(4), Math.log(100)], { relative: 1e-7 });
});

Deno.test("librarySize() gives every cell that shows a gene the same total", () =>
  fc.assert(fc.asyncProperty(counts, async (batch) => {
    const [{ offsets, values }] = await through(librarySize({ total: 50 }), batch);
    for (let i = 0; i < batch.cells.length; i++) {
      const own = values.subarray(offsets[i], offsets[i + 1]);
      if (own.length === 0) continue;
      assertClose(own.reduce((a, b) => a + b), 50, { relative: 1e-5 });
    }
  })));

Deno.test("librarySize() keeps the ratios within a cell", async () => {
  const [{ values }] = await through(librarySize(), cellOf([1, 3, 4]));
  assertSame(values, [1250, 3750, 5000]);
});

Deno.test("bin() keeps the order within a cell and stays within its bins", () =>
  fc.assert(fc.asyncProperty(counts, fc.integer({ min: 2, max: 60 }), async (batch, bins) => {
    const [{ offsets, values }] = await through(bin({ bins }), batch);
    for (let i = 0; i < batch.cells.length; i++) {
      for (let a = offsets[i]; a < offsets[i + 1]; a++) {
        ok(Number.isInteger(values[a]) && values[a] >= 1 && values[a] < bins, `bin ${values[a]}`);
        for (let b = offsets[i]; b < offsets[i + 1]; b++) {
          if (batch.values[a] < batch.values[b]) ok(values[a] <= values[b], "order lost");
        }
      }
    }
  })));

Deno.test("bin() puts counts and their logarithms into the same bins", () =>
  fc.assert(fc.asyncProperty(counts, async (batch) => {
    const [plain] = await through(bin({ bins: 7 }), batch);
    const [logged] = await through(log1p(), batch);
    assertSame((await through(bin({ bins: 7 }), logged))[0].values, plain.values);
  })));

Deno.test("bin() divides equal values evenly among the bins they span", async () => {
  const cells = 3000, values = new Float32Array(3 * cells).fill(1);
  const batch = {
    cells: Uint32Array.from({ length: cells }, (_, i) => i),
    offsets: Uint32Array.from({ length: cells + 1 }, (_, i) => 3 * i),
    genes: Uint32Array.from({ length: 3 * cells }, (_, i) => i % 3),
    values,
    obs: {},
  };
  const [binned] = await through(bin({ bins: 5 }), batch), found = new Uint32Array(5);
  for (const value of binned.values) found[value]++;
  const expected = 3 * cells / 4;
  const chi2 = found.subarray(1).reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
  ok(found[0] === 0 && chi2 < 30.7, `χ² is ${chi2} with 3 degrees of freedom`); // one in a million
});

Deno.test("binOf() follows the worked example: 6 bins, so edges 1, 1, 2, 4, 8", () => {
  const values = [1, 1, 1, 2, 3, 5, 8], edges = new Float64Array(5);
  fillQuantiles(edges, values);
  assertSame(edges, [1, 1, 2, 4, 8]);
  assertSame(values.map((value) => binOf(value, edges, 1)), [1, 1, 1, 2, 2, 3, 4]);
  assertSame(values.map((value) => binOf(value, edges, 0.5)), [0, 0, 0, 2, 2, 3, 4]);
});

Deno.test("transforms refuse settings that make no sense", () => {
  throws(() => librarySize({ total: 0 }), /greater than 0/);
  throws(() => bin({ bins: 1 }), /greater than 1/);
});

interface Binning {
  readonly rows: readonly {
    readonly name: string;
    readonly n_bins: number;
    readonly values: readonly number[];
    readonly uniform: readonly number[];
    readonly edges: readonly number[];
    readonly bins: readonly number[];
  }[];
}

golden<Binning>("binOf() bins as the reference does from its draws", "data/binning.json", (
  { rows },
) => {
  // The reference leaves a row of nothing but zeros alone; a cell here has no zeros to bin.
  for (const row of rows.filter(({ values }) => values.some((value) => value !== 0))) {
    const edges = new Float64Array(row.n_bins - 1);
    fillQuantiles(edges, row.values.toSorted((a, b) => a - b));
    // Interpolated in float32 there.
    assertClose(edges, row.edges, { relative: 1e-5, absolute: 1e-5 });
    assertSame(row.values.map((value, i) => binOf(value, edges, row.uniform[i])), row.bins);
  }
});

const cellOf = (values: readonly number[]): CellBatch => ({
  cells: Uint32Array.of(0),
  offsets: Uint32Array.of(0, values.length),
  genes: Uint32Array.from(values.keys()),
  values: Float32Array.from(values),
  obs: {},
});
