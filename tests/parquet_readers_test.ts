import { Effect } from "effect";
import { tableFromIPC } from "apache-arrow";
import { mkdtempSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import init, { readParquet } from "parquet-wasm/esm";
import { writeAtlas } from "../streams/atlas/write_atlas.ts";
import { synthesise } from "../streams/reading/synthesise.ts";
import { assertSame } from "./first_difference.ts";

const shape = {
  cells: 1500,
  genes: 80,
  cellTypes: 3,
  dataSets: 2,
  modules: 4,
  depth: 200,
  seed: 5,
};

Deno.test("writeAtlas() writes shards that parquet-wasm reads to the same cells", async () => {
  const folder = join(mkdtempSync(join(tmpdir(), "gil-readers-")), "atlas");
  const { vocabulary, values, columns, batches } = synthesise(shape);
  const input = { vocabulary, values, columns, numbers: [], provenance: "", batches: batches() };
  const { shards } = await Effect.runPromise(writeAtlas(folder, input));

  const entry = createRequire(import.meta.url).resolve("parquet-wasm/esm");
  await init({ module_or_path: readFileSync(join(dirname(entry), "parquet_wasm_bg.wasm")) });
  const table = tableFromIPC(
    readParquet(readFileSync(join(folder, shards[0].file))).intoIPCStream(),
  );
  let row = 0;
  for await (const { offsets, genes, values, obs } of batches()) {
    for (let i = 0; i + 1 < offsets.length; i++, row++) {
      const cell = table.get(row)!;
      assertSame([...cell.genes], [...genes.subarray(offsets[i], offsets[i + 1])]);
      assertSame([...cell.counts].map(Number), [...values.subarray(offsets[i], offsets[i + 1])]);
      assertSame(cell.cell_type, columns[1].categories[obs.cell_type[i]]);
    }
  }
  assertSame(row, table.numRows);
});
