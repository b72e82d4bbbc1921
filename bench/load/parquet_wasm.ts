/**
 * parquet-wasm as a program that is measured: row groups of the same shards in a random order, as
 * Arrow by its stream, cut into batches in compressed-row form.
 *
 * @module
 */

import { type Table, tableFromIPC, type Vector } from "apache-arrow";
import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import init, { ParquetFile } from "parquet-wasm/esm";
import { permutation } from "../../core/permutation.ts";
import { derive, keyOf } from "../../core/random.ts";
import { dirname, join } from "node:path";
import type { ReadingRequest, SeenBatch } from "./reading.ts";
import { type ReadBatch, serve } from "./serve.ts";

/** What this program is asked for. */
export interface WasmRequest extends ReadingRequest {
  readonly shards: readonly string[];
}

const request: WasmRequest = JSON.parse(process.argv[2]);
const entry = createRequire(import.meta.url).resolve("parquet-wasm/esm");
await init({ module_or_path: readFileSync(join(dirname(entry), "parquet_wasm_bg.wasm")) });

/** As much of a file of the web as parquet-wasm asks for: it reads ranges and nothing else. */
function ranges(path: string): Blob {
  const file = openSync(path, "r");
  process.on("exit", () => closeSync(file));
  const slice = (from = 0, to = 0) => ({
    arrayBuffer() {
      const bytes = new Uint8Array(to - from);
      readSync(file, bytes, 0, bytes.length, from);
      return Promise.resolve(bytes.buffer);
    },
  });
  return { size: statSync(path).size, slice } as unknown as Blob;
}

const files = await Promise.all(request.shards.map((path) => ParquetFile.fromFile(ranges(path))));
const groups = files.flatMap((file) =>
  Array.from({ length: file.metadata().numRowGroups() }, (_, group) => ({ file, group }))
);

async function* epochs(epoch: number): AsyncGenerator<ReadBatch> {
  const order = permutation(groups.length, derive(keyOf(1), epoch));
  const columns = ["genes", "counts", request.label];
  for (let i = 0; i < groups.length; i++) {
    const { file, group } = groups[order.at(i)];
    // Larger than any row group: batches of Arrow would split it otherwise.
    const read = await file.read({ rowGroups: [group], columns, batchSize: 2 ** 20 });
    const table = tableFromIPC(read.intoIPCStream());
    for (let from = 0; from < table.numRows; from += request.batch) {
      yield batchOf(table, from, Math.min(table.numRows, from + request.batch));
    }
  }
}

/** Rows `from … to - 1` of a table of one batch, copied. */
function batchOf(table: Table, from: number, to: number): ReadBatch {
  const [genes, counts, labels] = table.schema.names.map((name) => table.getChild(name)!);
  const offsets = genes.data[0].valueOffsets.subarray(from, to + 1) as Int32Array;
  const entriesOf = (list: Vector) =>
    list.data[0].children[0].values.slice(offsets[0], offsets[to - from]);
  const ids = Uint32Array.from(entriesOf(genes)), values = Float32Array.from(entriesOf(counts));
  const look = (): SeenBatch => ({
    labels: Array.from({ length: to - from }, (_, i) => String(labels.get(from + i) ?? "")),
    entries: Array.from({ length: to - from }, (_, i) => offsets[i + 1] - offsets[i]),
    sums: Array.from({ length: to - from }, (_, i) => {
      const [first, end] = [offsets[i] - offsets[0], offsets[i + 1] - offsets[0]];
      return values.subarray(first, end).reduce((a, b) => a + b, 0);
    }),
  });
  return { cells: to - from, entries: ids.length, look, release: () => {} };
}

await serve("parquet-wasm 0.8.0", request, epochs);
