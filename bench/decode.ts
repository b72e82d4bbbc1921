/**
 * What decoding costs a cell, on one core, step by step:
 * `deno run -A bench/decode.ts <shard.parquet> [rows of a piece]`.
 *
 * Pieces of neighbouring rows of both lists are read from all over a file, as a shuffled order reads
 * them, into buffers that are kept. The least of several passes is printed: other work on the machine
 * only ever adds.
 *
 * @module
 */

import process from "node:process";
import { openFile } from "../streams/bytes/file.ts";
import { decodePieceInto, entriesIn } from "../streams/parquet/decode_piece.ts";
import { addStarts } from "../streams/parquet/levels.ts";
import { pagesOf } from "../streams/parquet/pages.ts";
import { type Piece, planPiece } from "../streams/parquet/piece.ts";
import { openColumns, openTable } from "../streams/parquet/table.ts";

/** Row groups that are read, and times that they are. */
const GROUPS = 24, PASSES = 12;

interface Part {
  readonly piece: Piece;
  readonly bytes: Uint8Array[];
}

const [path, rows = "64"] = Deno.args;
const file = await openFile(path), table = await openTable(file);
const columns = await openColumns(table, ["genes", "counts"]);
const sizes = Array.from(table.footer.rows);
const groups = Array.from(
  { length: Math.min(GROUPS, sizes.length) },
  (_, i) => Math.floor(i * sizes.length / Math.min(GROUPS, sizes.length)),
);
const step = Number(rows), room = 8 * 2 ** 20;
const targets = [new Uint16Array(room), new Float32Array(room)];
const offsets = new Uint32Array(sizes[0] * GROUPS + 1);

/** One entry for each span: a piece of each column. */
const spans: Part[][] = groups.flatMap((group) =>
  Array.from({ length: Math.ceil(sizes[group] / step) }, (_, i) => {
    const span = { from: i * step, to: Math.min(sizes[group], (i + 1) * step) };
    return columns.map((column) => {
      const piece = planPiece(column, group, span);
      return { piece, bytes: piece.ranges.map(({ from, to }) => new Uint8Array(to - from)) };
    });
  })
).sort((a, b) =>
  Math.imul(a[0].piece.ranges[0].from, 2654435761) -
  Math.imul(b[0].piece.ranges[0].from, 2654435761)
);
const cells = spans.reduce((sum, [{ piece }]) => sum + piece.rows, 0);
let entries = 0, stored = 0;

/** Least processor time a cell over the passes, in microseconds. */
async function least(pass: (column: number) => void | Promise<void>): Promise<number[]> {
  const best = [Infinity, Infinity];
  for (let i = 0; i < PASSES; i++) {
    for (const column of [0, 1]) {
      const before = process.cpuUsage();
      await pass(column);
      const { user, system } = process.cpuUsage(before);
      best[column] = Math.min(best[column], (user + system) / cells);
    }
  }
  return best;
}

const read = await least(async (column) => {
  for (const span of spans) {
    const { piece, bytes } = span[column];
    for (const [i, range] of piece.ranges.entries()) await file.read(bytes[i], range.from);
  }
});
const unpack = await least((column) => {
  for (const span of spans) {
    for (const page of pagesOf(span[column].bytes, span[column].piece.chunk)) {
      stored += page.body.length;
    }
  }
});
const plain = await least((column) => {
  const starts = new Uint32Array(sizes[0]);
  for (const span of spans) {
    const { chunk, stored } = span[column].piece,
      found = { entries: starts.subarray(0, stored), row: 0 };
    let entry = 0;
    for (const page of pagesOf(span[column].bytes, chunk)) {
      if (page.kind === "data") entry += addStarts(found, page, chunk.leaf, entry);
    }
  }
});
const whole = await least((column) => {
  let row = 0, entry = 0;
  for (const span of spans) {
    const { piece, bytes } = span[column];
    if (entry + entriesIn(piece, bytes) > room) row = entry = 0;
    const target = { offsets, row, values: targets[column], entry };
    entries += decodePieceInto(target, piece, bytes);
    row = target.row;
    entry = target.entry;
  }
});
const size = spans.flatMap((span) => span.flatMap(({ bytes }) => bytes))
  .reduce((sum, bytes) => sum + bytes.length, 0);
const line = (name: string, [genes, counts]: number[]) =>
  console.log(
    name.padEnd(8),
    [genes, counts, genes + counts].map((us) => us.toFixed(2).padStart(8)).join(""),
  );

console.log(
  `${cells} cells in pieces of ${step}, ${
    (entries / 2 / PASSES / cells).toFixed(0)
  } non-zeros and ` +
    `${(size / cells).toFixed(0)} bytes a cell\nµs a cell   genes  counts    both`,
);
line("read", read);
line("unpack", unpack);
line("levels", plain.map((us, i) => us - unpack[i]));
line("values", whole.map((us, i) => us - plain[i]));
line("all", whole.map((us, i) => us + read[i]));
