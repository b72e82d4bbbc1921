import { equal, match, ok, rejects } from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Effect } from "effect";
import { InputError } from "../core/errors.ts";
import { keyOf } from "../core/random.ts";
import { parquet } from "../plugins/sources/parquet.ts";
import { openBytes } from "../streams/bytes/open_bytes.ts";
import { chunkOf } from "../streams/parquet/chunk.ts";
import { mapPages } from "../streams/parquet/page_map.ts";
import { openColumns, openTable } from "../streams/parquet/table.ts";
import { folderOfTests } from "./atlas_folder.ts";
import { readLeft } from "./damaged_groups.ts";
import { writeForeign } from "./foreign_files.ts";
import { withClaim } from "./parquet_mutations.ts";

const CELLS = 20_000, GROUP = 18_000, BLOCK = 512;

const folder = folderOfTests(), vocabulary = join(folder, "genes.txt");
writeFileSync(vocabulary, "A\nB\nC\nD\nE\n");
const sound = join(folder, "sound.parquet");
// Too many rows to be read whole, in pages that no index tells of.
writeForeign(
  sound,
  Array.from({ length: CELLS }, (_, cell) => ({
    genes: [0, 1, 2, 3].slice(0, cell % 5),
    expressions: [1, 2, 3, 4].slice(0, cell % 5).map((count) => count + cell),
    kind: `k${cell % 3}`,
  })),
  { rowGroup: GROUP, pageSize: 2 ** 14 },
);

/** The file with a page of its first row group that has no header; also says where its pages begin. */
async function damage(column: string, page: number) {
  const bytes = await openBytes(sound);
  const [found] = await openColumns(await openTable(bytes), [column]);
  const { offsets, rows } = await mapPages(found.bytes, chunkOf(found, 0));
  await bytes.close();
  const all = new Uint8Array(readFileSync(sound)), path = join(folder, `${column}${page}.parquet`);
  all.fill(0xFF, offsets[page], offsets[page] + 4);
  writeFileSync(path, all);
  return { path, pages: offsets.length, begins: rows[page], known: rows[Math.max(0, page - 1)] };
}

/** Opens and reads everything. */
const cellsOf = (files: string, onDamage: "fail" | "skip") =>
  Effect.runPromise(
    Effect.scoped(
      Effect.flatMap(
        parquet({ files, vocabulary, scale: "counts", columns: ["kind"], onDamage }),
        (source) =>
          Effect.promise(async () => ({
            ...await readLeft(source, {
              batch: 500,
              order: keyOf(1),
              window: BLOCK,
              block: BLOCK,
              columns: ["kind"],
            }),
            warnings: source.warnings!(),
            categories: source.columns[0].categories,
          })),
      ),
    ),
  );

for (const column of ["genes", "expressions"]) {
  for (const page of [0, 5]) {
    Deno.test(`parquet() leaves out what is behind damage that it meets while it opens a file: ${column}, page ${page}`, async () => {
      const { path, pages, begins, known } = await damage(column, page);
      ok(pages > 6);
      await rejects(cellsOf(path, "fail"), (error: Error) =>
        error.message.startsWith(
          `Cannot read "${path}": column "${column}" of row group 0: a field is of`,
        ));
      const { cells, offsets, values, warnings } = await cellsOf(path, "skip");
      const seen = new Uint8Array(CELLS);
      cells.forEach((cell, i) => {
        seen[cell]++;
        equal(offsets[i + 1] - offsets[i], cell % 5);
        if (cell % 5 > 0) equal(values[offsets[i]], cell + 1);
      });
      // The other row group, and blocks that end before a page that may go on in the damaged one.
      for (let cell = 0; cell < CELLS; cell++) {
        if (cell >= GROUP || cell < known - BLOCK) equal(seen[cell], 1);
        else if (cell >= begins) equal(seen[cell], 0);
      }
      equal(page === 0, cells.length === CELLS - GROUP);
      const [warning] = warnings, times = (CELLS - cells.length).toLocaleString("en");
      ok(
        warning.startsWith(
          `Cells were left out ${times} times: Cannot read "${path}", row group 0`,
        ),
      );
      match(warning, /a field is of no known type/);
    });
  }
}

Deno.test("parquet() leaves out the cells of a row group whose labels are damaged, where asked for them", async () => {
  const { path } = await damage("kind", 0);
  await rejects(cellsOf(path, "fail"), /^InputError: Cannot read /);
  const { cells, categories } = await cellsOf(path, "skip");
  equal(categories.length, 3);
  ok(cells.every((cell) => cell >= GROUP));
  equal(cells.length, CELLS - GROUP);
});

Deno.test("parquet() names the file whose footer claims more than memory is allowed for, or than there can be", async () => {
  const path = join(folder, "claims.parquet"), whole = new Uint8Array(readFileSync(sound));
  for (const claim of [2n ** 34n, 2n ** 39n]) {
    writeFileSync(path, withClaim(whole, "values", claim));
    await rejects(cellsOf(path, "fail"), (error: Error) => {
      ok(error instanceof InputError && error.message.startsWith(`Cannot read "${path}"`));
      match(error.message, /MB are allowed; allow more "memory"/);
      return true;
    });
  }
  const message = `Cannot read "${path}": column "genes" claims an impossible size`;
  for (const what of ["values", "unpacked"] as const) {
    for (const claim of [2n ** 40n, 2n ** 63n - 1n]) {
      writeFileSync(path, withClaim(whole, what, claim));
      await rejects(cellsOf(path, "fail"), { name: "InputError", message });
    }
  }
});
