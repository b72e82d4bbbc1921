/**
 * The worker in which parquet-wasm runs: its panics cannot be caught, and its memory never shrinks.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { parentPort } from "node:worker_threads";
import init, { ParquetFile, wasmMemory } from "parquet-wasm/esm";
import { copyColumn, type SlowColumn } from "./arrow_column.ts";
import { arrowNode } from "./arrow_node.ts";
import { limitMemory } from "./limit_memory.ts";
import { rangeBlob } from "./range_blob.ts";

/** What the worker is told. */
export type SlowAsk =
  /** Rows of a column within a row group of a file of `size` bytes, all of one file. */
  | {
    readonly kind: "read";
    readonly size: number;
    /** Bytes beyond which parquet-wasm panics; the first question decides. */
    readonly most: number;
    readonly group: number;
    readonly name: string;
    readonly from: number;
    readonly to: number;
  }
  /** The bytes that were asked for under this number. */
  | { readonly kind: "bytes"; readonly id: number; readonly bytes: ArrayBuffer };

/** What the worker says; `memory` is what it has taken, in bytes. */
export type SlowTell =
  | {
    readonly kind: "fetch";
    readonly id: number;
    readonly from: number;
    readonly to: number;
  }
  | { readonly kind: "column"; readonly column: SlowColumn; readonly memory: number }
  | { readonly kind: "fault"; readonly why: string }
  /** It is of no use any more. */
  | { readonly kind: "panic"; readonly why: string; readonly memory: number };

const port = parentPort!;
const say = (word: SlowTell) =>
  port.postMessage(word, word.kind === "column" ? buffersOf(word.column) : []);
const fetches: ((bytes: ArrayBuffer) => void)[] = [];
let opened: Promise<ParquetFile> | undefined;

port.on("message", (ask: SlowAsk) => {
  if (ask.kind === "bytes") fetches[ask.id](ask.bytes);
  else read(ask).then(say, (cause) => say({ kind: "fault", why: reasonOf(cause) }));
});
// A panic shows as an error that nobody awaits; whoever asked is told, and ends this worker.
globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  panic(event.reason);
});
globalThis.addEventListener("error", (event) => {
  event.preventDefault();
  panic(event.message);
});

async function read(ask: Extract<SlowAsk, { kind: "read" }>): Promise<SlowTell> {
  opened ??= open(ask);
  const rows = ask.to - ask.from, { name } = ask;
  const table = await (await opened).read({
    rowGroups: [ask.group],
    columns: [name],
    offset: ask.from,
    limit: rows,
    batchSize: Math.max(1, rows),
  });
  // Arrays are exported batch by batch; so many rows are one batch, and no rows are none.
  const stream = table.intoFFI();
  try {
    if (stream.numArrays() !== 1) throw new RangeError("its rows do not come together");
    const buffer = memoryOf();
    const batch = arrowNode(buffer, stream.arrayAddr(0), stream.schemaAddr());
    const found = batch.children.find((child) => child.name === name);
    if (!found || found.length !== rows) {
      throw new RangeError(`it has ${found ? found.length : "none"} of ${rows} rows`);
    }
    return { kind: "column", column: copyColumn(found), memory: buffer.byteLength };
  } finally {
    stream.drop();
  }
}

async function open(
  { size, most }: { readonly size: number; readonly most: number },
): Promise<ParquetFile> {
  const entry = createRequire(import.meta.url).resolve("parquet-wasm/esm");
  const module = readFileSync(join(dirname(entry), "parquet_wasm_bg.wasm"));
  await init({ module_or_path: limitMemory(module, most) });
  const fetch = (from: number, to: number) => {
    const { promise, resolve } = Promise.withResolvers<ArrayBuffer>();
    say({ kind: "fetch", id: fetches.push(resolve) - 1, from, to });
    return promise;
  };
  return await ParquetFile.fromFile(rangeBlob(fetch, 0, size));
}

const reasonOf = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause);
const panic = (cause: unknown): void =>
  say({ kind: "panic", why: reasonOf(cause), memory: memoryOf().byteLength });

const memoryOf = (): ArrayBuffer =>
  (wasmMemory() as unknown as WebAssembly.Memory).buffer as ArrayBuffer;

/** The memory of a column, which is moved: a copy would be one too many. */
function buffersOf(column: SlowColumn): ArrayBuffer[] {
  const arrays = column.kind === "lists"
    ? [column.offsets, column.values]
    : [column.kind === "texts" ? column.codes : column.values];
  return arrays.map(({ buffer }) => buffer as ArrayBuffer);
}
