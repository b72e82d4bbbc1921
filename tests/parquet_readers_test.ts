import { equal } from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import * as arrow from "apache-arrow";
import { Effect } from "effect";
import init, {
  Compression,
  Encoding,
  readParquet,
  Table,
  writeParquet,
  WriterPropertiesBuilder,
  WriterVersion,
} from "parquet-wasm/esm";
import { keyOf } from "../core/random.ts";
import { openFile } from "../streams/bytes/file.ts";
import { chunkOf, isFast } from "../streams/parquet/chunk.ts";
import { openForeign } from "../streams/foreign/open_foreign.ts";
import { openColumns, openTable } from "../streams/parquet/table.ts";
import { writeAtlas } from "../streams/atlas/write_atlas.ts";
import { synthesise } from "../streams/reading/synthesise.ts";
import { withFolder } from "./atlas_folder.ts";
import { assertSame } from "./first_difference.ts";
import {
  CELLS,
  filesOf,
  hasTool,
  kindOf,
  listsOf,
  numberOf,
  python,
  STORED,
  TOKENS,
  tokensOf,
  TOOLS,
  valueOf,
} from "./foreign_cells.ts";

const NAMES = ["genes", "expressions", "kind", "number"];

/** Reads a file as a source, through whichever reader knows it, and compares every cell. */
async function assertCells(path: string, name: string): Promise<void> {
  const lists = listsOf(name);
  await withFolder(async (folder) => {
    const vocabulary = join(folder, "genes.txt");
    writeFileSync(vocabulary, Array.from({ length: TOKENS }, (_, token) => `G${token}\n`).join(""));
    const columns = ["kind", "number"], how = { genes: "genes", values: "expressions", columns };
    const opened = openForeign({
      ...how,
      files: [path],
      vocabulary,
      firstGene: 0,
      scale: "counts",
      workers: 0,
    });
    const read = Effect.flatMap(opened, (source) =>
      Effect.promise(async () => {
        equal(source.cells, CELLS);
        const [kinds, numbers] = source.columns.map(({ categories }) => categories);
        for (const order of ["stored", keyOf(7)] as const) {
          const seen = new Set<number>();
          for await (
            const batch of source.read({ batch: 16, order, columns, block: 3, window: 9 })
          ) {
            batch.cells.forEach((cell, i) => {
              const [from, to] = [batch.offsets[i], batch.offsets[i + 1]];
              const tokens = tokensOf(cell, lists);
              assertSame([...batch.genes.subarray(from, to)], tokens);
              assertSame(
                [...batch.values.subarray(from, to)],
                tokens.map((token) => valueOf(cell, token)),
              );
              equal(kinds[batch.obs.kind[i]], kindOf(cell));
              equal(Number(numbers[batch.obs.number[i]] ?? NaN), numberOf(cell));
              seen.add(cell);
            });
          }
          equal(seen.size, CELLS);
        }
      }));
    await Effect.runPromise(Effect.scoped(read));
  });
}

for (const file of readdirSync(STORED).filter((name) => name.endsWith(".parquet"))) {
  Deno.test(`openForeign() reads the cells that ${file} holds`, () =>
    assertCells(join(STORED, file), file));
}

for (const tool of TOOLS) {
  Deno.test({
    name: `openForeign() reads whatever ${tool} writes`,
    ignore: !hasTool(tool),
    fn: () =>
      withFolder(async (folder) => {
        for (const file of filesOf(tool, join(folder, tool))) {
          await assertCells(file, `${tool}_${basename(file)}`);
        }
      }),
  });
  Deno.test({
    name: `writeAtlas() writes shards that ${tool} reads to the same cells`,
    ignore: !hasTool(tool),
    fn: () =>
      withAtlas(async ({ files, made }) => {
        const lines = python("read.py", [tool, ...files]).trim().split("\n");
        await assertAtlas(lines.map((line) => JSON.parse(line)), made);
      }),
  });
}

Deno.test("isFast() says which columns the decoder reads", async () => {
  const fast = async (file: string) => {
    const bytes = await openFile(join(STORED, file));
    const columns = await openColumns(await openTable(bytes), NAMES);
    await bytes.close();
    return columns.map((column) => isFast(chunkOf(column, 0)));
  };
  assertSame(await fast("pyarrow_v1_snappy.parquet"), NAMES.map(() => true));
  assertSame(await fast("pyarrow_v2_brotli.parquet"), NAMES.map(() => true));
  assertSame(await fast("pyarrow_v1_lz4.parquet"), NAMES.map(() => false));
});

await loadParquetWasm();

const ways: Readonly<
  Record<string, (builder: WriterPropertiesBuilder) => WriterPropertiesBuilder>
> = {
  "plain, gzip": (to) => to.setDictionaryEnabled(false).setCompression(Compression.GZIP),
  "dictionary, zstd, v2": (to) =>
    to.setCompression(Compression.ZSTD).setWriterVersion(WriterVersion.V2),
  "split, brotli": (to) =>
    to.setDictionaryEnabled(false).setEncoding(Encoding.BYTE_STREAM_SPLIT)
      .setColumnEncoding("kind", Encoding.PLAIN)
      .setCompression(Compression.BROTLI),
  "lz4": (to) => to.setCompression(Compression.LZ4_RAW),
};
for (const [way, properties] of Object.entries(ways)) {
  Deno.test(`openForeign() reads what parquet-wasm writes: ${way}`, () =>
    withFolder(async (folder) => {
      const path = join(folder, "cells.parquet");
      const builder = properties(new WriterPropertiesBuilder()).setMaxRowGroupSize(20);
      writeFileSync(path, writeParquet(cellsInArrow(), builder.build()));
      await assertCells(path, "parquet-wasm");
    }));
}

Deno.test("writeAtlas() writes shards that parquet-wasm reads to the same cells", () =>
  withAtlas(async ({ files, made }) => {
    const rows = files.flatMap((file) =>
      arrow.tableFromIPC(readParquet(readFileSync(file)).intoIPCStream()).toArray()
    );
    await assertAtlas(rows, made);
  }));

/** The cells as parquet-wasm takes them. */
function cellsInArrow(): Table {
  const { Field, List, Float32, Float64, Int32, Utf8 } = arrow;
  const cells = Array.from({ length: CELLS }, (_, cell) => cell);
  const lists = (each: (cell: number, token: number) => number) =>
    cells.map((cell) =>
      [5, 23].includes(cell) ? null : tokensOf(cell, "nullable").map((token) => each(cell, token))
    );
  const table = new arrow.Table({
    genes: arrow.vectorFromArray(
      lists((_, token) => token),
      new List(new Field("element", new Float32(), true)),
    ),
    expressions: arrow.vectorFromArray(
      lists(valueOf),
      new List(new Field("element", new Float64(), true)),
    ),
    kind: arrow.vectorFromArray(cells.map((cell) => kindOf(cell) ?? null), new Utf8()),
    number: arrow.vectorFromArray(
      cells.map((cell) => Number.isNaN(numberOf(cell)) ? null : numberOf(cell)),
      new Int32(),
    ),
  });
  return Table.fromIPCStream(arrow.tableToIPC(table, "stream"));
}

async function loadParquetWasm(): Promise<void> {
  const entry = createRequire(import.meta.url).resolve("parquet-wasm/esm");
  await init({ module_or_path: readFileSync(join(dirname(entry), "parquet_wasm_bg.wasm")) });
}

type Made = ReturnType<typeof synthesise>;

/** Runs `use` with the shards of a made-up atlas. */
function withAtlas(
  use: (atlas: { readonly files: string[]; readonly made: Made }) => Promise<void>,
): Promise<void> {
  const shape = { cells: 1500, genes: 80, cellTypes: 3, dataSets: 2, modules: 4, depth: 200 };
  const made = synthesise({ ...shape, seed: 5 });
  return withFolder(async (folder) => {
    const path = join(folder, "atlas"), { vocabulary, values, columns, batches } = made;
    const input = { vocabulary, values, columns, numbers: [], provenance: "", batches: batches() };
    const { shards } = await Effect.runPromise(writeAtlas(path, input));
    await use({ files: shards.map(({ file }) => join(path, file)), made });
  });
}

/** Compares rows of genes, counts and a cell type with what was written. */
async function assertAtlas(
  rows: readonly { genes: ArrayLike<number>; counts: ArrayLike<number>; cell_type: string }[],
  { batches, columns }: Made,
): Promise<void> {
  let row = 0;
  for await (const { offsets, genes, values, obs } of batches()) {
    for (let i = 0; i + 1 < offsets.length; i++, row++) {
      const cell = rows[row];
      assertSame(Array.from(cell.genes), [...genes.subarray(offsets[i], offsets[i + 1])]);
      assertSame(Array.from(cell.counts, Number), [
        ...values.subarray(offsets[i], offsets[i + 1]),
      ]);
      equal(cell.cell_type, columns[1].categories[obs.cell_type[i]]);
    }
  }
  equal(row, rows.length);
}
