import { join } from "node:path";
import fc from "fast-check";
import { withFolder } from "./atlas_folder.ts";
import { type Dense, type H5ad, simple, writeH5ad } from "./data_files.ts";
import { assertClose, assertSame } from "./first_difference.ts";
import { cellsOf, imported, refusal } from "./imported.ts";

const genes = ["A", "B", "C"];
const doubles = { as: "csr", values: (v: number[]) => Float64Array.from(v) } as const;

/** A file with the values and a column "total_counts" of the totals. */
function withTotals(values: Dense, totals: readonly number[]): H5ad {
  const file = simple(values, genes);
  const columns = {
    n_genes: Int32Array.of(...totals.map(() => 3)),
    total_counts: Float64Array.from(totals),
  };
  return { ...file, tables: { ...file.tables, obs: { ...file.tables.obs, columns } } };
}

const logs = (counts: Dense, totals: readonly number[], scale = 1e4): Dense =>
  counts.map((row, i) => row.map((count) => Math.log1p(count / totals[i] * scale)));

Deno.test("importAtlas() refuses what is not a count and says what would work", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.h5ad");
    const say = async (value: number) => {
      writeH5ad(path, simple([[1, 0, 0], [0, 2, value]], genes, doubles));
      const message = await refusal([path]);
      assertSame(
        message.startsWith(`Cannot import "${path}": gene "C" of cell 1 has the value `),
        true,
      );
      return message.slice(message.indexOf("has the value"));
    };
    const instead = "import a file with the raw counts";
    assertSame(await say(-1), `has the value -1, which is negative, so no count; ${instead}`);
    assertSame(await say(NaN), `has the value NaN, which is not a number; ${instead}`);
    assertSame(await say(Infinity), `has the value Infinity, which is not a number; ${instead}`);
    assertSame(await say(40.5), `has the value 40.5, which is no count; ${instead}`);
    assertSame(
      await say(6.0000001),
      "has the value 6.0000001, which is not whole, so no count; --values log1p keeps log-normalised values, " +
        `--values recover --totals <column> turns them back into counts, or else ${instead}`,
    );
  }));

Deno.test("importAtlas() names the other matrices and the likely totals of a file of logarithms", () =>
  withFolder(async (folder) => {
    const counts = [[1, 0, 3]], file = withTotals(logs(counts, [9]), [9]);
    const matrices = { ...file.matrices, "raw/X": [counts, { as: "csr" }] } as const;
    const tables = { ...file.tables, "raw/var": { index: ["P", "Q", "R"] } };
    const path = writeH5ad(join(folder, "a.h5ad"), { matrices, tables });
    const message = await refusal([path]);
    assertSame(
      message.slice(message.indexOf("--values recover")),
      "--values recover --totals total_counts turns them back into counts, or else read another matrix with --matrix: raw/X",
    );
    const raw = await imported([path], { matrix: "raw/X" });
    assertSame(cellsOf(raw), [{ P: 1, R: 3 }]);
  }));

Deno.test("importAtlas() keeps logarithms where asked, and refuses counts that are called so", () =>
  withFolder(async (folder) => {
    const kept = logs([[1, 0, 3], [0, 2, 0]], [9, 5]);
    const path = writeH5ad(join(folder, "a.h5ad"), simple(kept, genes));
    const result = await imported([path], { values: "log1p" });
    assertSame(result.manifest.values, "log1p");
    assertClose(cellsOf(result), [{ A: kept[0][0], C: kept[0][2] }, { B: kept[1][1] }], {
      relative: 1e-7,
    });
    const counts = writeH5ad(join(folder, "b.h5ad"), simple([[1, 0, 31]], genes));
    assertSame(
      await refusal([counts], { values: "log1p" }),
      `Cannot import "${counts}": gene "C" of cell 0 has the value 31, which is too large for log1p of a normalised count; import counts with --values counts`,
    );
  }));

Deno.test("importAtlas() recovers the counts that were normalised, also from totals a little off", async () => {
  const cell = fc.record({
    counts: fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3000 })), {
      minLength: 3,
      maxLength: 3,
    }),
    rest: fc.nat(100_000),
    off: fc.double({ min: -0.03, max: 0.03, noNaN: true }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(cell, { minLength: 1, maxLength: 4 }),
      (cells) =>
        withFolder(async (folder) => {
          // A total that is off leaves the multiple of the smallest value clear up to about 16 counts.
          const counts = cells.map(({ counts: [a, b, c] }) => [a > 0 ? a % 15 + 1 : 1, b, c]);
          const totals = cells.map(({ rest }, i) => rest + counts[i].reduce((a, b) => a + b));
          const file = withTotals(
            logs(counts, totals),
            totals.map((t, i) => t * (1 + cells[i].off)),
          );
          const path = writeH5ad(join(folder, "a.h5ad"), file);
          const back = await imported([path], { values: "recover", totals: "total_counts" });
          assertSame(back.manifest.values, "counts");
          assertSame(
            cellsOf(back).map((cell) => genes.map((gene) => cell[gene] ?? 0)),
            counts,
          );
        }),
    ),
    { numRuns: 15 },
  );
});

Deno.test("importAtlas() refuses totals that the values were not normalised with", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.h5ad"),
      recover = { values: "recover", totals: "total_counts" } as const;
    const file = withTotals(logs([[1, 2, 3]], [10]), [13]);
    writeH5ad(path, file);
    const value = Math.fround(file.matrices.X[0][0][0]);
    assertSame(
      await refusal([path], recover),
      `Cannot import "${path}": gene "A" of cell 0 has the value ${value}, which gives the count 1.30000 with the total 13 of "total_counts" and the scale 10000; these are not what it was normalised with`,
    );
    writeH5ad(path, withTotals(logs([[1, 2.5, 0]], [10]), [10]));
    const message = await refusal([path], recover);
    assertSame(message.includes('gene "B" of cell 0'), true);
    assertSame(message.includes("which gives the count 2.50000 with the total 10"), true);
    const known = "its columns of numbers are n_genes, total_counts";
    assertSame(
      await refusal([path], { ...recover, totals: "depth" }),
      `Cannot recover the counts of "${path}": "depth" is no column of numbers; ${known}`,
    );
    assertSame(
      await refusal([path], { values: "recover" }),
      `Cannot recover the counts of "${path}": --totals must name the column of each cell's total; ${known}`,
    );
    assertSame(
      await refusal([path], { totals: "total_counts" }),
      'Cannot use the totals "total_counts": only --values recover needs totals',
    );
    const scale = 'Cannot use the scale "10000": only --values recover needs a scale';
    assertSame(await refusal([path], { scale: 1e4 }), scale);
    assertSame(await refusal([path], { scale: 1e4, values: "log1p" }), scale);
  }));

Deno.test("importAtlas() refuses columns of a gene whose sum is larger than a count may be", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.h5ad"), largest = 2 ** 24;
    writeH5ad(path, simple([[1, 0, 0], [largest - 1, 2, 1]], ["A", "B", "A"]));
    assertSame(cellsOf(await imported([path])), [{ A: 1 }, { A: largest, B: 2 }]);
    writeH5ad(path, simple([[1, 0, 0], [largest, 2, 1]], ["A", "B", "A"], doubles));
    assertSame(
      await refusal([path]),
      `Cannot import "${path}": gene "A" of cell 1 has the count 16777217, which is too large; where several columns have the gene, --duplicates first keeps the first`,
    );
    const first = await imported([path], { duplicates: "first" });
    assertSame(cellsOf(first), [{ A: 1 }, { A: largest, B: 2 }]);
  }));

Deno.test("importAtlas() refuses recovered counts that are larger than a count may be", () =>
  withFolder(async (folder) => {
    const total = 2 ** 25;
    const file = withTotals(logs([[1, 0, total - 1]], [total]), [total]);
    const { tables, matrices: { X: [values] } } = file;
    const path = join(folder, "a.h5ad");
    writeH5ad(path, { tables, matrices: { X: [values, doubles] } });
    const message = await refusal([path], { values: "recover", totals: "total_counts" });
    assertSame(message.includes(`gene "C" of cell 0 has the count ${total - 1}, which`), true);
  }));
