import { join } from "node:path";
import { Effect } from "effect";
import fc from "fast-check";
import type { CountMatrix } from "../streams/import/count_matrix.ts";
import { openH5 } from "../streams/import/h5_file.ts";
import { openMatrix } from "../streams/import/anndata_matrix.ts";
import { openMtx } from "../streams/import/mtx.ts";
import { openInput } from "../streams/import/open_input.ts";
import { withFolder } from "./atlas_folder.ts";
import { type Dense, type Layout, simple, tenx, writeFolder, writeH5ad } from "./data_files.ts";
import { assertSame } from "./first_difference.ts";
import { cellsOf, imported } from "./imported.ts";
import { writeOldTenx, writeTenx } from "./tenx_file.ts";
import { writeZarr } from "./zarr_folder.ts";

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

/** The rows from `from` on, put together again; checks that batches follow each other. */
async function dense(matrix: Pick<CountMatrix, "rows">, genes: number, batch: number, from = 0) {
  const rows: number[][] = [];
  for await (const { first, offsets, columns, values } of matrix.rows(batch, from)) {
    assertSame([first, offsets[0]], [from + rows.length, 0]);
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

/** The matrix in every layout of every format; returns the paths. */
function writeAll(folder: string, rows: Dense): string[] {
  const genes = genesOf(rows), at = (name: string) => join(folder, name);
  const stores = ([2, 3] as const).flatMap((version) =>
    (["csr", "csc", "dense"] as const).map((as, i) => {
      const pack = (["none", "gzip", "zstd"] as const)[(i + version) % 3];
      const layout = { version, pack, chunk: 2 + i };
      return writeZarr(at(`${version}${as}.zarr`), simple(rows, genes, { as }), layout);
    })
  );
  return [
    ...layouts.map((layout, i) => writeH5ad(at(`${i}.h5ad`), simple(rows, genes, layout))),
    writeFolder(at("10x"), tenx(rows, genes)),
    writeFolder(at("by gene"), tenxByGene(rows, genes)),
    writeTenx(at("three.h5"), rows, { genes }),
    writeOldTenx(at("two.h5"), rows, { genes }),
    ...stores,
  ];
}

/** A 10x folder whose lines come gene by gene. */
function tenxByGene(rows: Dense, genes: readonly string[]) {
  const { "matrix.mtx.gz": lines, ...rest } = tenx(rows, genes);
  const entries = [...lines!.slice(3)].sort((a, b) => parseInt(a) - parseInt(b));
  return { ...rest, "matrix.mtx": [...lines!.slice(0, 3), ...entries] };
}

Deno.test("rows() gives the same cells from every layout, whatever the batch and the beginning", async () => {
  await fc.assert(
    fc.asyncProperty(
      matrices,
      fc.integer({ min: 1, max: 10 }),
      fc.nat(9),
      (rows, batch, skipped) =>
        withFolder(async (folder) => {
          const genes = rows[0].length, from = skipped % (rows.length + 1);
          for (const path of writeAll(folder, rows)) {
            await Effect.runPromise(Effect.scoped(Effect.flatMap(
              openInput(path, options),
              (matrix) =>
                Effect.promise(async () => {
                  assertSame(await dense(matrix, genes, batch), rows);
                  assertSame(await dense(matrix, genes, batch, from), rows.slice(from));
                }),
            )));
          }
        }),
    ),
    { numRuns: 5 },
  );
});

Deno.test("importAtlas() makes the same cells of every format", async () => {
  await fc.assert(
    fc.asyncProperty(matrices, (rows) =>
      withFolder(async (folder) => {
        const paths = writeAll(folder, rows);
        const [first, ...others] = paths.filter((path) => !/\/[1-7]\.h5ad$/.test(path));
        const expected = cellsOf(await imported([`data=${first}`], { keepOrder: true }));
        for (const path of others) {
          assertSame(cellsOf(await imported([`data=${path}`], { keepOrder: true })), expected);
        }
      })),
    { numRuns: 2 },
  );
});

Deno.test("rowsByPasses() gives the same cells however little it may hold", async () => {
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
              const stored = await openMatrix(file, "X", held);
              const matrix = { rows: (batch: number) => stored.rows({ batch, from: 0 }) };
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
