import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Effect } from "effect";
import type { CountMatrix, ReadOptions } from "../streams/import/count_matrix.ts";
import { openH5ad } from "../streams/import/h5ad.ts";
import { openMtx } from "../streams/import/mtx.ts";
import { withFolder } from "./atlas_folder.ts";
import {
  type Column,
  type H5ad,
  simple,
  type Table,
  tenx,
  writeFolder,
  writeH5ad,
} from "./data_files.ts";
import { assertSame } from "./first_difference.ts";
import { imported, refusal } from "./imported.ts";
import { writeArray, writeZarr } from "./zarr_folder.ts";

const rows = [[1, 0, 2], [0, 3, 0], [4, 0, 0], [0, 0, 0]];
const genes = ["A", "B", "C"];
const read = { matrix: "X", categories: [] };

/** Opens an h5ad file with `change` made to a simple one. */
function opened<A>(
  change: (file: H5ad) => H5ad,
  options: ReadOptions,
  see: (matrix: CountMatrix) => A | Promise<A>,
): Promise<A> {
  return withFolder((folder) => {
    const path = writeH5ad(join(folder, "a.h5ad"), change(simple(rows, genes)));
    return Effect.runPromise(Effect.scoped(Effect.flatMap(
      openH5ad(path, options),
      (matrix) => Effect.promise(() => Promise.resolve(see(matrix))),
    )));
  });
}

const withObs = (columns: Record<string, Column>) => (file: H5ad): H5ad => ({
  ...file,
  tables: { ...file.tables, obs: { ...file.tables.obs, columns } },
});
const withVar = (table: Table) => (file: H5ad): H5ad => ({
  ...file,
  tables: { ...file.tables, var: table },
});

/** What every column says of every cell, asked along with batches of three cells. */
async function described(matrix: CountMatrix) {
  const columns = matrix.obs.map(({ name }) => ({
    name,
    is: [] as (string | number | undefined)[],
  }));
  for await (const { first, offsets } of matrix.rows(3)) {
    const end = first + offsets.length - 1;
    matrix.obs.forEach((column, i) => {
      const said = "numbers" in column
        ? column.numbers(first, end)
        : Array.from(column.codes(first, end), (code) => column.categories[code]);
      columns[i].is.push(...said);
    });
  }
  return columns;
}

Deno.test("obsColumns() reads every layout of a column", async () => {
  const columns = {
    modern: { categories: ["x", "y"], codes: [1, 0, -1, 1] },
    old: { categories: ["x", "y"], codes: [1, 0, -1, 1], old: true },
    text: ["y", "x", "", "y"],
    nullable: { values: Int32Array.of(5, 6, 7, 8), mask: [0, 1, 0, 0] },
    words: { values: ["p", "q", "p", "q"], mask: [0, 0, 0, 1] },
    whole: BigInt64Array.of(1n, 2n, 3n, 4n),
    half: Float64Array.of(0.5, NaN, 1.5, 2.5),
  } as const;
  const of = (is: readonly (string | number | undefined)[]) => is;
  assertSame(await opened(withObs(columns), read, described), [
    { name: "half", is: of([0.5, NaN, 1.5, 2.5]) },
    { name: "modern", is: of(["y", "x", undefined, "y"]) },
    { name: "nullable", is: of([5, NaN, 7, 8]) },
    { name: "old", is: of(["y", "x", undefined, "y"]) },
    { name: "text", is: of(["y", "x", undefined, "y"]) },
    { name: "whole", is: of([1, 2, 3, 4]) },
    { name: "words", is: of(["p", "q", "p", undefined]) },
  ]);
});

Deno.test("importAtlas() reads enumerations as the names that they have, booleans among them", () =>
  withFolder(async (folder) => {
    const path = new URL("fixtures/import/enumerations.h5ad", import.meta.url).pathname;
    const { obs, manifest } = await imported([path], { columns: ["colour", "ok", "sign"] });
    const colours = ["RED", "GREEN", "BLUE"], is = [2, 0, 1, 1, 2, 2, 0, 1];
    assertSame(obs.colour, is.map((colour) => colours[colour]));
    assertSame(obs.ok, is.map((_, i) => i % 3 === 0 ? "True" : "False"));
    assertSame(obs.sign, [7, -1, -1, 7, 7, 7, -1, 7].map((sign) => sign > 0 ? "PLUS" : "MINUS"));
    assertSame(manifest.columns.map(({ categories }) => categories).slice(0, 3), [
      colours,
      ["False", "True"],
      ["MINUS", "PLUS"],
    ]);
    const bytes = readFileSync(path), other = join(folder, "a.h5ad");
    bytes[bytes.indexOf(Uint8Array.from(is)) + 3] = 9;
    writeFileSync(other, bytes);
    const why = '"obs/colour" holds 9, which has no name';
    assertSame(await refusal([other]), `Cannot read "${other}": ${why}`);
  }));

Deno.test("importAtlas() refuses codes that are no places in the categories", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.zarr"), layout = { version: 3, pack: "none", chunk: 4 } as const;
    const kind = { categories: ["x", "y"], codes: [0, 1, 0, -1] };
    writeZarr(path, withObs({ kind })(simple(rows, genes)), layout);
    const why = 'a code lies outside the 2 categories of "obs/kind/categories"';
    for (const code of [2, -2, 0.5, NaN]) {
      writeArray({ path, layout }, "obs/kind/codes", Float64Array.of(0, 1, code, -1));
      assertSame(await refusal([path]), `Cannot read "${path}": ${why}`);
    }
  }));

Deno.test("obsColumns() reads numbers as categories where asked, in the order of the numbers", async () => {
  const cluster = { cluster: Float64Array.of(10, 2, NaN, 10) };
  const options = { ...read, categories: ["cluster"] };
  const [column] = await opened(withObs(cluster), options, ({ obs }) => obs);
  assertSame("categories" in column && column.categories, ["2", "10"]);
  const [{ is }] = await opened(withObs(cluster), options, described);
  assertSame(is, ["10", "2", undefined, "10"]);
});

Deno.test("importAtlas() keeps a column that names cells where asked, and refuses one that is nowhere", () =>
  withFolder(async (folder) => {
    const cells = Array.from({ length: 1500 }, (_, i) => `cell ${i}`), name = "cell id";
    const path = writeH5ad(join(folder, "a.h5ad"), {
      ...simple(cells.map(() => [1]), ["A"]),
      tables: {
        obs: { index: cells, columns: { [name]: cells } },
        var: { index: ["A"] },
      },
    });
    const { obs, notes } = await imported([path]);
    assertSame(obs, { dataset: cells.map(() => "a") });
    const why = `most cells have a text of their own there; --categories "${name}" keeps it`;
    assertSame(notes[1], `a: column "${name}" is left out: ${why}`);
    const kept = await imported([path], { categories: [name] });
    assertSame(kept.obs[name].toSorted(), cells.toSorted());
    assertSame(
      await refusal([path], { categories: ["cell is", name] }),
      'Cannot keep column "cell is" as categories: no input has it; did you mean "cell id"?',
    );
    assertSame(
      await refusal([path], { columns: [name] }),
      `Cannot keep column "${name}": ${why}`,
    );
    assertSame(
      await refusal([path], { columns: ["_index"] }),
      'Cannot keep column "_index": it is the index, whose names of cells an atlas does not keep; ' +
        "a copy of it under another name is kept with --categories",
    );
  }));

Deno.test("importAtlas() counts the integers that doubles do not hold", () =>
  withFolder(async (folder) => {
    const whole = BigInt64Array.of(2n ** 53n + 1n, 4n, -(2n ** 60n) - 1n, 2n ** 53n - 1n);
    const columns = { whole, half: Float64Array.of(1e300, 0.5, 2, 3) };
    const file = withObs(columns)(simple(rows, genes));
    const note = 'column "whole": numbers beyond 2^53: 2, rounded, so that different ones may be ' +
      'equal now; written as texts, --categories "whole" keeps them as they are';
    const h5ad = writeH5ad(join(folder, "a.h5ad"), file);
    const layout = { version: 2, pack: "none", chunk: 3 } as const;
    const zarr = writeZarr(join(folder, "b.zarr"), file, layout);
    for (const [path, name] of [[h5ad, "a"], [zarr, "b"]]) {
      for (const options of [{}, { categories: ["whole", "half"] }]) {
        const { notes } = await imported([path], options);
        assertSame(notes.filter((note) => note.includes("2^53")), [`${name}: ${note}`]);
      }
    }
    const mtx = writeFolder(join(folder, "10x"), {
      ...tenx(rows, genes),
      "cells.tsv": ["barcode\thash", "c0\t9007199254740993", "c1\t9007199254740994", "c2\t0.1"],
    });
    assertSame((await imported([mtx])).notes.filter((note) => note.includes("2^53")), [
      '10x: column "hash": numbers beyond 2^53: 1, rounded, so that different ones may be equal ' +
      'now; --categories "hash" keeps them as they are',
    ]);
    const kept = await imported([mtx], { categories: ["hash"] });
    assertSame(kept.obs.hash, ["9007199254740993", "9007199254740994", "0.1", undefined]);
  }));

const ensembl = (symbols: Column): Table => ({
  index: ["ENSG00000000001", "ENSMUSG00000000002.3", "ENSG00000000003"],
  columns: { Symbol: symbols, length: Int32Array.of(1, 2, 3) },
});

Deno.test("symbolsOf() takes the index, or a column of symbols where the index holds ids", async () => {
  const see = ({ symbols, provenance }: CountMatrix) => [symbols, provenance];
  const other = { index: genes, columns: { symbol: ["no", "no", "no"] } };
  assertSame(await opened(withVar(other), read, see), [
    genes,
    "values from X, symbols from var/_index",
  ]);
  const table = ensembl({ categories: ["P", "Q"], codes: [1, 0, -1] });
  assertSame(await opened(withVar(table), read, see), [
    ["Q", "P", "ENSG00000000003"],
    "values from X, symbols from var/Symbol",
  ]);
  assertSame((await opened(withVar(table), { ...read, symbols: "index" }, see))[0], table.index);
  assertSame((await opened(withVar(other), { ...read, symbols: "symbol" }, see))[0], [
    "no",
    "no",
    "no",
  ]);
});

Deno.test("symbolsOf() leaves out features that are no genes", async () => {
  const types = { feature_types: ["Gene Expression", "Antibody Capture", "Gene Expression"] };
  const see = ({ symbols, notes }: CountMatrix) => [symbols, notes];
  assertSame(await opened(withVar({ index: genes, columns: types }), read, see), [
    ["A", "", "C"],
    ['features other than "Gene Expression": 1, left out'],
  ]);
});

Deno.test("importAtlas() says how many genes have no name, whatever the format", () =>
  withFolder(async (folder) => {
    const names = ["A", "", ""], types = ["Gene Expression", "Gene Expression", "Antibody Capture"];
    const columns = { feature_types: types };
    const file = withVar({ index: names, columns })(simple(rows, names));
    const { "features.tsv.gz": _, ...rest } = tenx(rows, names);
    const features = names.map((name, i) => `${name}\t${name}\t${types[i]}`);
    for (
      const path of [
        writeH5ad(join(folder, "d.h5ad"), file),
        writeZarr(join(folder, "d.zarr"), file, { version: 2, pack: "none", chunk: 3 }),
        writeFolder(join(folder, "10x"), { ...rest, "features.tsv": features }),
      ]
    ) {
      const { symbols, notes } = await imported([`d=${path}`]);
      assertSame(symbols, ["A"]);
      assertSame(notes.slice(1, 3), [
        "d: genes without a name: 1, left out with their counts",
        'd: features other than "Gene Expression": 1, left out',
      ]);
    }
  }));

Deno.test("openMtx() joins what is known of the cells by barcode", () =>
  withFolder(async (folder) => {
    const path = writeFolder(join(folder, "10x"), {
      ...tenx(rows, genes),
      "cells.tsv": ["barcode\ttype\tdepth", "c2\tT\t7", "c0\tB\t5.5", "c3\t\t"],
    });
    const matrix = await Effect.runPromise(openMtx(path, read));
    assertSame(await described(matrix), [
      { name: "type", is: ["B", undefined, "T", undefined] },
      { name: "depth", is: [5.5, NaN, 7, NaN] },
    ]);
    assertSame(matrix.symbols, genes);
  }));
