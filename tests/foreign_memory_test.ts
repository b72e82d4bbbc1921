import { equal, match, ok, rejects } from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Effect } from "effect";
import type { SchemaElement } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import { InputError } from "../core/errors.ts";
import { keyOf } from "../core/random.ts";
import { openBytes } from "../streams/bytes/open_bytes.ts";
import { openForeign } from "../streams/foreign/open_foreign.ts";
import { TOO_LITTLE_MEMORY } from "../streams/parquet/is_damage.ts";
import { listColumn, tableSchema } from "../streams/parquet/schema.ts";
import { slowReader } from "../streams/parquet/slow_column.ts";
import { slowDemand } from "../streams/reading/pool/slow_demand.ts";
import { folderOfTests } from "./atlas_folder.ts";

const CELLS = 2500, GENES = 1000;

const folder = folderOfTests(), file = join(folder, "halves.parquet");
const vocabulary = join(folder, "genes.txt");
writeFileSync(vocabulary, Array.from({ length: GENES }, (_, gene) => `G${gene}\n`).join(""));
writeHalves();

/** Writes cells of all genes in one row group, with values that only parquet-wasm reads. */
function writeHalves(): void {
  const half: Partial<SchemaElement> = {
    type: "FIXED_LEN_BYTE_ARRAY",
    type_length: 2,
    logical_type: { type: "FLOAT16" },
  };
  const values = listColumn("values", "FLOAT")
    .map((node) => node.type === undefined ? node : { ...node, ...half });
  const tokens = Array.from({ length: GENES }, (_, gene) => gene);
  const counts = Array.from({ length: 9 }, (_, c) => tokens.map((gene) => 1 + (gene + c) % 9));
  const buffer = parquetWriteBuffer({
    schema: tableSchema([listColumn("genes", "INT32"), values]),
    columnData: [
      { name: "genes", data: Array.from({ length: CELLS }, () => tokens) },
      { name: "values", data: Array.from({ length: CELLS }, (_, cell) => counts[cell % 9]) },
    ],
    rowGroupSize: CELLS,
    statistics: false,
  });
  writeFileSync(file, new Uint8Array(buffer));
}

const options = {
  files: [file],
  vocabulary,
  genes: "genes",
  values: "values",
  firstGene: 0,
  scale: "counts",
  columns: [],
  onDamage: "skip",
} as const;

/** Cells that come, those among them that are not what was written, and what is said of the others. */
const read = (memory: string, workers: number) =>
  Effect.runPromise(
    Effect.scoped(Effect.flatMap(
      openForeign({ ...options, memory, workers }),
      (source) =>
        Effect.promise(async () => {
          let cells = 0, wrong = 0;
          for await (const batch of source.read({ batch: 100, order: keyOf(4) })) {
            cells += batch.cells.length;
            for (let e = 0; e < batch.values.length; e++) {
              const gene = e % GENES, cell = batch.cells[(e - gene) / GENES];
              if (batch.genes[e] !== gene || batch.values[e] !== 1 + (gene + cell % 9) % 9) wrong++;
            }
          }
          return { cells, wrong, warnings: source.warnings!() };
        }),
    )),
  );

for (const [workers, memory] of [[0, undefined], [2, "300MB"]] as const) {
  Deno.test(`openForeign() leaves no cell out for want of memory, and says what would do: ${workers} workers`, async () => {
    let least = "";
    await rejects(read("90MB", workers), (error: Error) => {
      ok(error instanceof InputError);
      const found =
        /, with parquet-wasm that reads them, take about (\d+) MB where 90 MB are allowed; allow more "memory"/
          .exec(error.message);
      ok(found, error.message);
      least = `${found[1]}MB`;
      return true;
    });
    const { cells, wrong, warnings } = await read(memory ?? least, workers);
    equal(warnings.join(), "");
    ok(cells === CELLS && wrong === 0, `${cells} cells, ${wrong} values are wrong`);
  });
}

Deno.test("slowDemand() is as much as parquet-wasm needs; with less it does not call a file damaged", async () => {
  const { files } = await Effect.runPromise(Effect.scoped(openForeign(options)));
  const shards = files.map(({ entry }) => entry), bytes = await openBytes(file);
  const demand = (name: string, rows: number) => slowDemand({ shards, names: [name], rows });
  equal(demand("genes", CELLS), 0);
  ok(demand("values", CELLS) < 30 * CELLS * GENES);
  for (const rows of [1, CELLS / 4, CELLS]) {
    const reader = slowReader(bytes, demand("values", rows));
    for (const from of [0, CELLS - rows]) {
      const column = await reader.read("values", 0, { from, to: from + rows });
      ok(column.kind === "lists" && column.values.length === rows * GENES);
    }
    reader.close();
  }
  const poor = slowReader(bytes, 2 ** 24);
  await rejects(poor.read("values", 0, { from: 0, to: CELLS }), (error: Error) => {
    equal(error.name, TOO_LITTLE_MEMORY);
    match(error.message, /^column "values" cannot be read: parquet-wasm gave up with \d+ of 16 MB/);
    return true;
  });
  poor.close();
  await bytes.close();
});
