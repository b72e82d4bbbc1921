import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Effect } from "effect";
import fc from "fast-check";
import { parquetWriteBuffer } from "hyparquet-writer";
import { importAtlas } from "../streams/import/import_atlas.ts";
import { openInput } from "../streams/import/open_input.ts";
import { withFolder } from "./atlas_folder.ts";
import { simple, writeH5ad } from "./data_files.ts";
import { assertSame } from "./first_difference.ts";
import { writeForeign } from "./foreign_files.ts";
import { cellsOf, imported, refusal } from "./imported.ts";

const genes = ["A", "B", "C"];
const rows = Array.from({ length: 1500 }, (_, i) => [i % 3, (i * 7) % 256, i % 5 === 0 ? 1 : 0]);

/** An atlas of the rows, as given, with a column of categories and one of numbers. */
async function atlasIn(folder: string): Promise<string> {
  const file = simple(rows, genes);
  const type = { categories: ["x", "y"], codes: rows.map((_, i) => i % 3 - 1) };
  const depth = Float64Array.from(rows, (_, i) => i % 7 === 0 ? NaN : i / 2);
  const obs = { ...file.tables.obs, columns: { type, depth } };
  const path = writeH5ad(join(folder, "a.h5ad"), { ...file, tables: { ...file.tables, obs } });
  const output = join(folder, "first");
  await Effect.runPromise(importAtlas({ inputs: [path], output, options: { keepOrder: true } }));
  return output;
}

Deno.test("openAtlasMatrix() gives the cells of an atlas and what is known of them", () =>
  withFolder(async (folder) => {
    const atlas = await atlasIn(folder);
    const again = await imported([`a=${atlas}`], { keepOrder: true });
    const expected = rows.map((row) =>
      Object.fromEntries(row.flatMap((value, i) => value === 0 ? [] : [[genes[i], value]]))
    );
    assertSame(
      cellsOf(again).map((cell) => genes.map((gene) => cell[gene])),
      expected.map((cell) => genes.map((gene) => cell[gene])),
    );
    assertSame(again.obs.type, rows.map((_, i) => [undefined, "x", "y"][i % 3]));
    assertSame(again.manifest.numbers, ["depth"]);

    const only = await imported([`a=${atlas}`], { genes: ["C"], keepOrder: true });
    assertSame(cellsOf(only).map(({ C }) => C), expected.map(({ C }) => C));
    const shuffled = await imported([`a=${atlas}`], { keepOrder: false, seed: 3 });
    assertSame(shuffled.manifest.order, "shuffled");
    const sum = (cells: readonly Record<string, number>[]) =>
      cells.reduce((total, { B = 0 }) => total + B, 0);
    assertSame(sum(cellsOf(shuffled)), sum(expected));
  }));

Deno.test("openAtlasMatrix() reads numbers across row groups, from any row on", () =>
  withFolder(async (folder) => {
    const atlas = await atlasIn(folder);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 700 }),
        fc.nat(rows.length),
        (batch, from) =>
          Effect.runPromise(Effect.scoped(Effect.flatMap(
            openInput(atlas, { matrix: "X", categories: [] }),
            (matrix) =>
              Effect.promise(async () => {
                const depth = matrix.obs.find(({ name }) => name === "depth")!;
                const seen: number[] = [], cells: number[] = [];
                for await (const { first, offsets } of matrix.rows(batch, from)) {
                  const end = first + offsets.length - 1;
                  if ("numbers" in depth) seen.push(...depth.numbers(first, end));
                  for (let cell = first; cell < end; cell++) cells.push(cell);
                }
                assertSame(cells, rows.map((_, i) => i).slice(from));
                assertSame(seen, cells.map((i) => i % 7 === 0 ? NaN : i / 2));
              }),
          ))),
      ),
      { numRuns: 12 },
    );
  }));

Deno.test("importAtlas() takes an atlas of an atlas of an atlas, whose data sets keep their names", () =>
  withFolder(async (folder) => {
    let path = await atlasIn(folder);
    for (const name of ["two", "three", "four"]) {
      const output = join(folder, name);
      await Effect.runPromise(
        importAtlas({ inputs: [path], output, options: { keepOrder: true } }),
      );
      path = output;
    }
    const { obs } = await imported([path]);
    const names = ["dataset", ...[4, 3, 2, 1].map((times) => `${"obs_".repeat(times)}dataset`)];
    assertSame(names.map((name) => obs[name][0]), ["four", "three", "two", "first", "a"]);
  }));

Deno.test("openForeignMatrix() reads the lists that a mapping names", () =>
  withFolder(async (folder) => {
    const atlas = await atlasIn(folder), others = join(folder, "others");
    mkdirSync(others);
    renameSync(join(atlas, "cells-00000.parquet"), join(others, "a.parquet"));
    renameSync(join(atlas, "vocabulary.txt"), join(folder, "vocabulary.txt"));
    const mapping = join(folder, "mapping.json");
    const says = (what: Record<string, unknown>) => writeFileSync(mapping, JSON.stringify(what));
    says({ vocabulary: "vocabulary.txt", values: "counts", scale: "counts", columns: ["type"] });
    for (const path of [others, join(others, "a.parquet")]) {
      const read = await imported([`o=${path}`], { mapping, keepOrder: true });
      assertSame(
        cellsOf(read).map((cell) => genes.map((gene) => cell[gene] ?? 0)),
        rows,
      );
      assertSame(read.obs.type, rows.map((_, i) => [undefined, "x", "y"][i % 3]));
    }
    assertSame(
      (await refusal([others])).replaceAll(folder, "@"),
      'Cannot read "@/others": it is Parquet but no atlas; --mapping <file> says what is what in it',
    );
    says({ vocabulary: "vocabulary.txt", scale: "raw" });
    assertSame(
      (await refusal([others], { mapping })).replaceAll(folder, "@"),
      'Cannot read mapping "@/mapping.json": "scale": expected "counts" | "log1p"',
    );
    rmSync(mapping);
    assertSame(
      (await refusal([others], { mapping })).replaceAll(folder, "@"),
      'Cannot read mapping "@/mapping.json": there is no such file or folder',
    );
  }));

Deno.test("importAtlas() refuses a mapping that no input is read by", () =>
  withFolder(async (folder) => {
    const atlas = await atlasIn(folder), file = join(folder, "a.h5ad");
    assertSame(
      await refusal([atlas, file], { mapping: "mapping.json" }),
      'Cannot use the mapping "mapping.json": it is for Parquet files that others wrote, and no ' +
        "input is one; leave --mapping out",
    );
  }));

Deno.test("openForeignMatrix() says which file has no rows, and reads those beside it", () =>
  withFolder(async (folder) => {
    const mapping = join(folder, "mapping.json"), others = join(folder, "others");
    writeFileSync(join(folder, "vocabulary.txt"), "A\nB\n");
    writeFileSync(mapping, JSON.stringify({ vocabulary: "vocabulary.txt", scale: "counts" }));
    mkdirSync(others);
    const [none, some] = ["a", "b"].map((name) => join(others, `${name}.parquet`));
    const why = "it has no rows, and rows are cells; leave it out, or name another file";
    writeForeign(none, []);
    assertSame(await refusal([others], { mapping }), `Cannot read "${none}": ${why}`);
    writeForeign(some, [{ genes: [1], expressions: [2] }]);
    assertSame(cellsOf(await imported([others], { mapping })), [{ B: 2 }]);

    // As tools write tables of nothing, whose columns have whatever type.
    const columns = [{ name: "genes", data: [], type: "INT32" as const }];
    writeFileSync(none, new Uint8Array(parquetWriteBuffer({ columnData: columns })));
    assertSame(await refusal([others], { mapping }), `Cannot read "${none}": ${why}`);
  }));

Deno.test("openInput() says what to do with a zip archive, and with an atlas asked for a layer", () =>
  withFolder(async (folder) => {
    const zip = join(folder, "a.zarr.zip");
    writeFileSync(zip, "PK\x03\x04 and so on");
    assertSame(
      await refusal([zip]),
      `Cannot read "${zip}": it is a zip archive; unpack it and name the folder`,
    );
    const atlas = await atlasIn(folder);
    assertSame(
      await refusal([atlas], { matrix: "raw/X" }),
      `Cannot read "${atlas}": there is no matrix "raw/X" in it; Parquet files have one`,
    );
  }));
