import { join } from "node:path";
import { Effect } from "effect";
import fc from "fast-check";
import type { CountMatrix } from "../streams/import/count_matrix.ts";
import { openH5ad } from "../streams/import/h5ad.ts";
import { openH5 } from "../streams/import/h5_file.ts";
import { openMatrix } from "../streams/import/h5ad_matrix.ts";
import { openMtx } from "../streams/import/mtx.ts";
import { withFolder } from "./atlas_folder.ts";
import { type Dense, type Layout, simple, tenx, writeFolder, writeH5ad } from "./data_files.ts";
import { assertSame } from "./first_difference.ts";

const options = { matrix: "X", categories: [] };
const big = (numbers: number[]) => BigInt64Array.from(numbers, BigInt);
const layouts: readonly Layout[] = [
  { as: "csr" },
  { as: "csc" },
  { as: "dense" },
  { as: "csr", compression: "gzip", values: (v) => Float64Array.from(v) },
  { as: "csc", compression: "gzip", places: big },
  { as: "dense", compression: "gzip", values: (v) => Int32Array.from(v) },
  { as: "csr", values: big, places: big },
  { as: "csc", values: (v) => Uint8Array.from(v) },
];

/** Cells × genes of small counts, with empty cells and empty genes among them. */
const matrices: fc.Arbitrary<Dense> = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 7 }))
  .chain(([cells, genes]) => {
    const count = fc.oneof(
      { weight: 2, arbitrary: fc.constant(0) },
      fc.integer({ max: 255, min: 1 }),
    );
    const row = fc.array(count, { minLength: genes, maxLength: genes });
    return fc.array(row, { minLength: cells, maxLength: cells });
  });

/** Every batch of a matrix, put together again; checks that batches follow each other. */
async function dense(matrix: Pick<CountMatrix, "rows">, genes: number, batch: number) {
  const rows: number[][] = [];
  for await (const { first, offsets, columns, values } of matrix.rows(batch)) {
    assertSame(first, rows.length);
    assertSame(offsets.length - 1 <= batch, true);
    for (let cell = 0; cell + 1 < offsets.length; cell++) {
      const row = Array.from({ length: genes }, () => 0);
      for (let e = offsets[cell]; e < offsets[cell + 1]; e++) row[columns[e]] += values[e];
      rows.push(row);
    }
  }
  return rows;
}

const genesOf = (rows: Dense) => rows[0].map((_, i) => `G${i}`);

Deno.test("rows() gives the same cells from every layout, whatever the batch", async () => {
  await fc.assert(
    fc.asyncProperty(
      matrices,
      fc.integer({ min: 1, max: 10 }),
      (rows, batch) =>
        withFolder(async (folder) => {
          const genes = genesOf(rows);
          for (const [i, layout] of layouts.entries()) {
            const path = writeH5ad(join(folder, `${i}.h5ad`), simple(rows, genes, layout));
            await Effect.runPromise(Effect.scoped(Effect.flatMap(
              openH5ad(path, options),
              (matrix) =>
                Effect.promise(async () =>
                  assertSame(await dense(matrix, genes.length, batch), rows)
                ),
            )));
          }
          const mtx = await Effect.runPromise(
            openMtx(writeFolder(join(folder, "10x"), tenx(rows, genes)), options),
          );
          assertSame(await dense(mtx, genes.length, batch), rows);
        }),
    ),
    { numRuns: 12 },
  );
});

Deno.test("sparseColumns() gives the same cells however little it may hold", async () => {
  await fc.assert(
    fc.asyncProperty(
      matrices,
      fc.integer({ min: 1, max: 12 }),
      (rows, held) =>
        withFolder((folder) => {
          const path = writeH5ad(
            join(folder, "a.h5ad"),
            simple(rows, genesOf(rows), { as: "csc" }),
          );
          return Effect.runPromise(Effect.scoped(Effect.flatMap(openH5(path), (file) =>
            Effect.promise(async () => {
              const { rows: stored } = openMatrix(file, "X", held);
              const matrix = {
                rows: async function* (batch: number) {
                  yield* stored(batch);
                },
              };
              assertSame(await dense(matrix, rows[0].length, 4), rows);
            }))));
        }),
    ),
    { numRuns: 25 },
  );
});

Deno.test("mtxRows() reads cells as rows where only that fits, and numbers in any notation", async () => {
  const lines = ["1 3 1e1", "1 1  2.0 ", "", "% a comment", "3 2\t+4"];
  await withFolder(async (folder) => {
    const path = writeFolder(join(folder, "turned"), {
      "matrix.mtx": ["%%MatrixMarket matrix coordinate real general", "4 3 3", ...lines],
      "genes.tsv": ["ENSG1\tA", "ENSG2\tB", "ENSG3\tC"],
      "barcodes.tsv": ["c0", "c1", "c2", "c3"],
    });
    const matrix = await Effect.runPromise(openMtx(path, options));
    assertSame(await dense(matrix, 3, 2), [[2, 0, 10], [0, 0, 0], [0, 4, 0], [0, 0, 0]]);
  });
});
