import { equal, ok, rejects } from "node:assert/strict";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { ByteWriter } from "hyparquet-writer";
import { writePageHeader } from "hyparquet-writer/src/datapage.js";
import { snappyCompress } from "hyparquet-writer/src/snappy.js";
import type { ByteSource } from "../streams/bytes/byte_source.ts";
import { type Chunk, chunkOf } from "../streams/parquet/chunk.ts";
import { CHUNK } from "../streams/parquet/chunk_map.ts";
import { decodePieceInto, entriesIn } from "../streams/parquet/decode_piece.ts";
import { bytesOf } from "../streams/parquet/encode_page.ts";
import { encodeLevels } from "../streams/parquet/encode_runs.ts";
import { mapPages, mapSoundPages } from "../streams/parquet/page_map.ts";
import { planPiece } from "../streams/parquet/piece.ts";
import { columnIn, type TableColumn } from "../streams/parquet/table_column.ts";
import { bytesInMemory } from "./bytes_in_memory.ts";
import { assertSame } from "./first_difference.ts";

/** Numbers of codecs in the format. */
const CODECS = { UNCOMPRESSED: 0, SNAPPY: 1, GZIP: 2, BROTLI: 4, ZSTD: 6 } as const;

type Codec = keyof typeof CODECS;

const packs: Readonly<Record<Codec, (bytes: Uint8Array) => Uint8Array>> = {
  UNCOMPRESSED: (bytes) => bytes,
  SNAPPY: snappyCompress,
  GZIP: gzipSync,
  BROTLI: (bytes) => brotliCompressSync(bytes),
  ZSTD: (bytes) => zstdCompressSync(bytes),
};

/** A level of repetition and one of definition a value, and the value where there is one. */
interface Value {
  readonly begins: boolean;
  readonly value?: number;
}

/** A page of version 1 with PLAIN integers, as pyarrow writes it unless told otherwise. */
function pageOf(values: readonly Value[], codec: Codec): Uint8Array {
  const there = values.flatMap(({ value }) => value === undefined ? [] : [value]);
  const levels = [
    encodeLevels(values.map(({ begins }) => begins ? 0 : 1)),
    encodeLevels(values.map(({ value }) => value === undefined ? 0 : 1)),
  ];
  const body = new ByteWriter();
  for (const level of levels) {
    body.appendUint32(level.length);
    body.appendBytes(level);
  }
  body.appendBytes(bytesOf(Uint32Array.from(there)));
  const plain = body.getBytes(), packed = packs[codec](plain), page = new ByteWriter();
  writePageHeader(page, {
    type: "DATA_PAGE",
    uncompressed_page_size: plain.length,
    compressed_page_size: packed.length,
    data_page_header: {
      num_values: values.length,
      encoding: "PLAIN",
      definition_level_encoding: "RLE",
      repetition_level_encoding: "RLE",
    },
  });
  page.appendBytes(packed);
  return page.getBytes();
}

/** A column of lists in pages that end after these values, wherever rows end; without an offset index. */
function columnOf(
  lists: readonly (readonly number[])[],
  ends: readonly number[],
  codec: Codec,
): TableColumn {
  const values = lists.flatMap((list): Value[] =>
    list.length === 0 ? [{ begins: true }] : list.map((value, i) => ({ begins: i === 0, value }))
  );
  const cuts = [0, ...ends.toSorted((a, b) => a - b), values.length];
  const pages = cuts.slice(1).map((end, i) => pageOf(values.slice(cuts[i], end), codec));
  const file = new Uint8Array([0, 0, 0, 0, ...pages.flatMap((page) => [...page])]);
  const leaf = {
    path: ["ids", "list", "element"],
    type: "INT32" as const,
    unsigned: true,
    short: false,
    lists: 1,
    defined: 1,
    element: 1,
  };
  const memory = new SharedArrayBuffer(8 * CHUNK.length);
  const column = columnIn(bytesInMemory(file), { leaf, groups: 1, memory, indexes: undefined });
  column.chunks.fill(NaN);
  const facts = {
    rows: lists.length,
    dataPage: 4,
    bytes: file.length - 4,
    unpacked: 2 ** 30,
    values: values.length,
    type: 1,
    codec: CODECS[codec],
    encodings: 1,
  };
  for (const [name, fact] of Object.entries(facts)) {
    column.chunks[CHUNK[name as keyof typeof facts]] = fact;
  }
  return column;
}

async function read(column: TableColumn, rows: { readonly from: number; readonly to: number }) {
  const piece = planPiece(column, 0, rows);
  const parts = await Promise.all(piece.ranges.map(async ({ from, to }) => {
    const bytes = new Uint8Array(to - from);
    await column.bytes.read(bytes, from);
    return bytes;
  }));
  const values = new Uint32Array(entriesIn(piece, parts));
  const offsets = new Uint32Array(rows.to - rows.from + 1);
  decodePieceInto({ offsets, row: 0, values, entry: 0 }, piece, parts);
  const lists = Array.from(
    { length: rows.to - rows.from },
    (_, i) => [...values.subarray(offsets[i], offsets[i + 1])],
  );
  return { lists, bytes: parts.reduce((sum, part) => sum + part.length, 0) };
}

const codec = fc.constantFrom(...Object.keys(CODECS) as Codec[]);
/** Where pages end, in hundredths of a column. */
const cuts = fc.array(fc.nat(99), { maxLength: 12 });
const lists = fc.array(fc.array(fc.nat(1000), { maxLength: 6 }), { minLength: 1, maxLength: 40 });

Deno.test("mapPages() lets any rows be read, wherever pages cut rows", () =>
  fc.assert(
    fc.asyncProperty(
      lists,
      cuts,
      codec,
      fc.nat(),
      fc.nat(),
      async (lists, cuts, codec, a, b) => {
        const values = lists.reduce((sum, { length }) => sum + Math.max(1, length), 0);
        const column = columnOf(lists, cuts.map((cut) => Math.floor(cut * values / 100)), codec);
        const maps = [await mapPages(column.bytes, chunkOf(column, 0))];
        const from = a % lists.length, to = from + 1 + b % (lists.length - from);
        const found = await read({ ...column, maps }, { from, to });
        assertSame(found.lists, lists.slice(from, to));
        assertSame((await read(column, { from, to })).lists, found.lists);
      },
    ),
    { numRuns: 300 },
  ));

Deno.test("mapSoundPages() lets the rows be read that end before a damaged page, and no others", () =>
  fc.assert(
    fc.asyncProperty(
      lists,
      cuts,
      fc.nat(),
      async (lists, cuts, at) => {
        const values = lists.reduce((sum, { length }) => sum + Math.max(1, length), 0);
        const column = columnOf(lists, cuts.map((cut) => Math.floor(cut * values / 100)), "ZSTD");
        const { offsets, rows, inside } = await mapPages(column.bytes, chunkOf(column, 0));
        const damaged = at % offsets.length, bytes = new Uint8Array(column.bytes.size);
        await column.bytes.read(bytes, 0);
        bytes.fill(0xFF, offsets[damaged], offsets[damaged] + 4);
        const other = { ...column, bytes: bytesInMemory(bytes) };
        const map = await mapSoundPages(other.bytes, chunkOf(other, 0)), known = map.rows.at(-1)!;
        const sound = { ...other, maps: [map] };
        if (known > 0) {
          assertSame((await read(sound, { from: 0, to: known })).lists, lists.slice(0, known));
        }
        await rejects(read(sound, { from: known, to: known + 1 }), RangeError);
        // What may go on in the damaged page is not known, all else is.
        const last = rows.subarray(0, damaged).findLast((_, page) => !inside[page]);
        equal(known, last ?? 0);
      },
    ),
    { numRuns: 300 },
  ));

for (const codec of Object.keys(CODECS) as Codec[]) {
  Deno.test(`mapPages() finds levels that are longer than what is read at once: ${codec}`, async () => {
    // Runs of one level or two, each of which takes two bytes, and cannot be foreseen by a codec.
    let seed = 1;
    const next = () => seed = seed * 48_271 % 2_147_483_647;
    const lists = Array.from({ length: 90_000 }, () => Array.from({ length: next() % 4 }, next));
    const half = lists.slice(0, 45_000).reduce((sum, list) => sum + Math.max(1, list.length), 0);
    const column = columnOf(lists, [half + 1], codec), chunk = chunkOf(column, 0);
    const map = await mapPages(column.bytes, chunk);
    equal(map.offsets.length, 2);
    ok(map.rows[1] === 45_000 || map.rows[1] === 45_001);
    const { lists: found, bytes } = await read({ ...column, maps: [map] }, {
      from: 70_000,
      to: 70_009,
    });
    assertSame(found, lists.slice(70_000, 70_009));
    ok(bytes < 0.6 * chunk.bytes);
  });
}

Deno.test("mapPages() refuses pages that are not what the footer says", async () => {
  const lists = [[1, 2], [], [3]],
    column = columnOf(lists, [3], "ZSTD"),
    chunk = chunkOf(column, 0);
  const refuse = (other: Partial<Chunk>, why: RegExp) =>
    rejects(mapPages(column.bytes, { ...chunk, ...other }), why);
  await refuse({ rows: 4 }, /there are 3 rows instead of 4/);
  await refuse({ values: 2 }, /a page claims 3 of 2 values/);
  await refuse({ bytes: chunk.bytes - 1 }, /a page is larger than its column/);
  const odd = pageOf([{ begins: true, value: 1 }, { begins: false }], "ZSTD");
  await rejects(
    read(withBytes(columnOf([[1, 2]], [2], "ZSTD"), odd), { from: 0, to: 1 }),
    /a list goes on and is empty/,
  );
  const { bytes } = columnOf([[1, 2, 3]], [1], "ZSTD"), second = await secondPage(bytes);
  await rejects(
    mapPages(bytesInMemory(second), {
      ...chunk,
      start: 0,
      bytes: second.length,
      values: 3,
      rows: 0,
    }),
    /the first list has no beginning/,
  );
});

/** The column with another page in place of its own. */
function withBytes(column: TableColumn, page: Uint8Array): TableColumn {
  const file = new Uint8Array([0, 0, 0, 0, ...page]), chunks = column.chunks.slice();
  chunks[CHUNK.bytes] = page.length;
  return { ...column, chunks, bytes: bytesInMemory(file) };
}

/** The bytes of a file from its second page on. */
async function secondPage(bytes: ByteSource): Promise<Uint8Array> {
  const all = new Uint8Array(bytes.size - 4);
  await bytes.read(all, 4);
  const first = pageOf([{ begins: true, value: 1 }], "ZSTD");
  return all.subarray(first.length);
}
