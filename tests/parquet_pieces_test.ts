import { equal, ok, rejects, throws } from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { parquetWriteBuffer } from "hyparquet-writer";
import { snappyCompress } from "hyparquet-writer/src/snappy.js";
import { decodePieceInto, entriesIn } from "../streams/parquet/decode_piece.ts";
import { decodeCodesInto, decodeNumbersInto } from "../streams/parquet/decode_single.ts";
import { encodeIds, encodeValues, PAGE_ROWS } from "../streams/parquet/encode_lists.ts";
import { encodeCategories, encodeNumbers } from "../streams/parquet/encode_singles.ts";
import { CHUNK } from "../streams/parquet/chunk_map.ts";
import { type Piece, planPiece, type Rows } from "../streams/parquet/piece.ts";
import { listColumn, numberColumn, tableSchema, textColumn } from "../streams/parquet/schema.ts";
import { type ShardWriter, shardWriter } from "../streams/parquet/shard_writer.ts";
import { openColumns, openTable, type TableColumn } from "../streams/parquet/table.ts";
import { bytesInMemory } from "./bytes_in_memory.ts";
import { assertSame } from "./first_difference.ts";

/** Lists of unsigned integers of 32 bits, and numbers of 32 bits beside them. */
interface Lists {
  readonly offsets: Uint32Array;
  readonly ids: Uint32Array;
  readonly values: Float32Array;
}

const id = fc.oneof(fc.nat(9), fc.nat(70_000), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
const float = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.float({ noNaN: true }));
/** Mostly short lists; now and then an empty one, and one of thousands of elements. */
const length = fc.oneof(
  { weight: 9, arbitrary: fc.nat(12) },
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 5000 }) },
);

/** Lists in row groups; few numbers make them, so that a failing case is small. */
const groups: fc.Arbitrary<Lists[]> = fc.array(
  fc.tuple(
    fc.array(length, { minLength: 1, maxLength: 200 }),
    fc.array(fc.tuple(id, float), { minLength: 1, maxLength: 40 }),
    fc.boolean(),
  ).map(([lengths, entries, ascend]) => {
    const offsets = new Uint32Array(lengths.length + 1);
    lengths.forEach((length, row) => offsets[row + 1] = offsets[row] + length);
    const count = offsets[lengths.length];
    const ids = Uint32Array.from({ length: count }, (_, e) => entries[e % entries.length][0]);
    if (ascend) { for (let e = 1; e < count; e++) ids[e] = ids[e - 1] + (ids[e] & 127); }
    return {
      offsets,
      ids,
      values: Float32Array.from({ length: count }, (_, e) => entries[(e * 7) % entries.length][1]),
    };
  }),
  { minLength: 1, maxLength: 3 },
);

/** Shares of what there is, where it is cut. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), {
  minLength: 1,
  maxLength: 5,
});

Deno.test("decodePieceInto() gives the lists that were written, whichever rows are asked for", () =>
  fc.assert(
    fc.asyncProperty(
      groups,
      fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })),
      (groups, chance) =>
        withTable(groups, async ([ids, values]) => {
          const draw = (below: number) => Math.floor(chance.next().value! * below);
          for (const [group, lists] of groups.entries()) {
            const all = { from: 0, to: lists.offsets.length - 1 }, from = draw(all.to + 1);
            const rows = { from, to: from + draw(all.to - from + 1) };
            for (const span of [all, rows]) {
              const wanted = slice(lists, span);
              assertSame(await read(ids, group, { span, kind: Uint32Array }), [
                wanted.offsets,
                wanted.ids,
              ]);
              assertSame(await read(values, group, { span, kind: Float32Array }), [
                wanted.offsets,
                wanted.values,
              ]);
            }
          }
        }),
    ),
    { numRuns: 40 },
  ));

Deno.test("decodePieceInto() gives the whole from the pieces of any partition, with an index or without", () =>
  fc.assert(
    fc.asyncProperty(groups, cuts, (groups, cuts) =>
      withTable(groups, async ([ids, values]) => {
        for (const [group, lists] of groups.entries()) {
          const rows = lists.offsets.length - 1, whole = { from: 0, to: rows };
          const ends = [...cuts.map((cut) => Math.floor(cut * rows)), rows].sort((a, b) => a - b);
          for (const column of [ids, withoutIndexes(ids)]) {
            const target = targetOf(lists, Uint32Array);
            let from = 0;
            for (const to of ends) {
              const piece = planPiece(column, group, { from, to });
              const wanted = lists.offsets[to] - lists.offsets[from];
              equal(decodePieceInto(target, piece, await partsOf(column, piece)), wanted);
              from = to;
            }
            assertSame([target.row, target.entry], [rows, lists.ids.length]);
            assertSame(target.offsets, lists.offsets);
            assertSame(target.values.subarray(0, target.entry), lists.ids);
          }
          const [offsets, found] = await read(withoutIndexes(values), group, {
            span: whole,
            kind: Float32Array,
          });
          assertSame([offsets, found], [lists.offsets, lists.values]);
        }
      })),
    { numRuns: 40 },
  ));

Deno.test("decodePieceInto() notes what is found in the rows that are asked for, or that nobody looked", () => {
  const rows = 3 * PAGE_ROWS;
  const lists = fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.nat(300)), {
    minLength: rows,
    maxLength: rows,
  });
  return fc.assert(
    fc.asyncProperty(
      lists,
      fc.option(fc.nat()),
      fc.nat(rows),
      fc.nat(rows),
      async (lists, zero, a, b) => {
        const offsets = new Uint32Array(rows + 1);
        lists.forEach(([length], row) => offsets[row + 1] = offsets[row] + length);
        const ids = Uint32Array.from(
          lists.flatMap(([length, first]) => Array.from({ length }, (_, i) => 1 + first + 7 * i)),
        );
        if (zero !== null) ids[zero % ids.length] = 0;
        const zeros = new Float32Array(ids.length);
        await withTable([{ offsets, ids, values: zeros }], async ([column, coded]) => {
          const unseen = { of: "faults" as const, count: 0 };
          const target = { offsets: offsets.slice(), row: 0, values: zeros, entry: 0 };
          const pages = planPiece(coded, 0, { from: 0, to: rows });
          const bytes = await partsOf(coded, pages);
          decodePieceInto({ ...target, findings: unseen }, pages, bytes);
          ok(Number.isNaN(unseen.count), "nobody looks at what a dictionary has");
          for (
            const [from, to] of [[Math.min(a, b), Math.max(a, b)], [0, rows], [0, PAGE_ROWS]]
          ) {
            const piece = planPiece(column, 0, { from, to });
            const parts = await partsOf(column, piece),
              wanted = ids.subarray(offsets[from], offsets[to]);
            const falls = wanted.filter((id, i) => i > 0 && id <= wanted[i - 1]).length;
            const whole = from % PAGE_ROWS === 0 && to % PAGE_ROWS === 0 && from < to;
            for (
              const [of, values] of [
                ["falls", new Uint16Array(ids.length)],
                ["faults", new Float32Array(ids.length)],
              ] as const
            ) {
              const findings = { of, count: 9 }, room = new Uint32Array(rows + 1);
              decodePieceInto(
                { offsets: room, row: 0, values, entry: 0, findings },
                piece,
                parts,
              );
              ok(!whole || !Number.isNaN(findings.count), "nobody looked at whole pages");
              if (Number.isNaN(findings.count)) continue;
              if (of === "falls") equal(findings.count, falls);
              else equal(findings.count > 0, wanted.includes(0));
            }
          }
        });
      },
    ),
    { numRuns: 30 },
  );
});

Deno.test("planPiece() reads only the pages that hold the rows", async () => {
  const rows = 4 * PAGE_ROWS + 10,
    offsets = Uint32Array.from({ length: rows + 1 }, (_, row) => 3 * row);
  const ids = Uint32Array.from({ length: 3 * rows }, (_, e) => e % 3);
  await withTable(
    [{ offsets, ids, values: Float32Array.from(ids, (id) => id + 1) }],
    async ([column, coded]) => {
      const bytesOf = (from: number, to: number) =>
        planPiece(column, 0, { from, to }).ranges.reduce(
          (sum, range) => sum + range.to - range.from,
          0,
        );
      const all = bytesOf(0, rows), page = bytesOf(PAGE_ROWS, 2 * PAGE_ROWS);
      ok(page < all / 4, `${page} of ${all} bytes`);
      equal(bytesOf(PAGE_ROWS + 1, PAGE_ROWS + 2), page);
      equal(bytesOf(PAGE_ROWS - 1, PAGE_ROWS + 1), page + bytesOf(0, PAGE_ROWS));
      equal(bytesOf(7, 7), 0);
      equal(bytesOf(rows - 1, rows) + bytesOf(0, rows - 10), all);
      // The dictionary, and the page: side by side for the first page, apart for the second.
      equal(planPiece(coded, 0, { from: 0, to: 1 }).ranges.length, 1);
      equal(planPiece(coded, 0, { from: PAGE_ROWS, to: PAGE_ROWS + 1 }).ranges.length, 2);
      const piece = planPiece(column, 0, { from: PAGE_ROWS, to: PAGE_ROWS + 1 });
      equal(entriesIn(piece, await partsOf(column, piece)), 3 * PAGE_ROWS);
      throws(() => planPiece(column, 0, { from: 0, to: rows + 1 }), RangeError);
    },
  );
});

Deno.test("decodePieceInto() drops what comes before the rows, be it one entry, and appends", async () => {
  const lists = { offsets: Uint32Array.of(0, 1, 1, 3), ids: Uint32Array.of(7, 8, 9) };
  await withTable([{ ...lists, values: Float32Array.of(-0, 0, 1) }], async ([ids, values]) => {
    const target = {
      offsets: Uint32Array.of(0, 2, 0, 0),
      row: 1,
      values: Uint16Array.of(5, 6, 0, 0, 0),
      entry: 2,
    };
    const piece = planPiece(ids, 0, { from: 1, to: 3 }), parts = await partsOf(ids, piece);
    equal(decodePieceInto(target, piece, parts), 2);
    assertSame([target.row, target.entry], [3, 4]);
    assertSame([...target.offsets], [0, 2, 2, 4]);
    assertSame([...target.values.subarray(0, 4)], [5, 6, 8, 9]);
    throws(() => decodePieceInto(target, piece, parts), /no room for 2 rows/);
    const small = { ...target, row: 0, entry: 3 };
    throws(() => decodePieceInto(small, piece, parts), /no room for 3 entries/);
    const reserve = (entries: number) => Uint16Array.of(5, 6, ...Array(entries - 2).fill(0));
    const grown = { ...target, row: 1, entry: 2, values: new Uint16Array(2), reserve };
    equal(decodePieceInto(grown, piece, parts), 2);
    assertSame([...grown.values.subarray(0, 4)], [5, 6, 8, 9]);
    const [, floats] = await read(values, 0, { span: { from: 0, to: 3 }, kind: Float32Array });
    assertSame(floats, Float32Array.of(-0, 0, 1));
  });
});

/** Lists as another library writes them: nothing, an empty one, and integers. */
const nullable = fc.array(
  fc.oneof(
    { weight: 1, arbitrary: fc.constant(undefined) },
    { weight: 5, arbitrary: fc.array(fc.oneof(fc.nat(3), fc.nat(60_000)), { maxLength: 30 }) },
  ),
  { minLength: 1, maxLength: 60 },
);
const ENCODED = [
  ["INT32", "PLAIN"],
  ["INT32", "DELTA_BINARY_PACKED"],
  ["INT32", "BYTE_STREAM_SPLIT"],
  ["INT32", "RLE_DICTIONARY"],
  ["INT64", "PLAIN"],
  ["INT64", "DELTA_BINARY_PACKED"],
  ["INT64", "RLE_DICTIONARY"],
  ["FLOAT", "PLAIN"],
  ["FLOAT", "BYTE_STREAM_SPLIT"],
  ["DOUBLE", "PLAIN"],
  ["DOUBLE", "RLE_DICTIONARY"],
] as const;
const PACKED = {
  UNCOMPRESSED: (bytes: Uint8Array) => bytes,
  GZIP: (bytes: Uint8Array) => gzipSync(bytes),
  ZSTD: (bytes: Uint8Array) => zstdCompressSync(bytes),
};
const codec = fc.constantFrom("UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD");

for (const [type, encoding] of ENCODED) {
  Deno.test(`decodePieceInto() reads nullable lists of another library: ${type}, ${encoding}`, () =>
    fc.assert(
      fc.asyncProperty(nullable, codec, cuts, async (lists, codec, cuts) => {
        const number = (value: number) => type === "INT64" ? BigInt(value) : value;
        const schema = tableSchema([listColumn("a", type)]).map((element, i) =>
          i === 1 || i === 3 ? { ...element, repetition_type: "OPTIONAL" as const } : element
        );
        const file = parquetWriteBuffer({
          schema,
          codec,
          compressors: { ...PACKED, SNAPPY: snappyCompress },
          pageSize: 200,
          columnData: [{
            name: "a",
            data: lists.map((list) => list?.map(number)),
            // A dictionary is what the library chooses where nothing else is asked for.
            ...(encoding !== "RLE_DICTIONARY" && { encoding }),
          }],
        });
        const table = await openTable(bytesInMemory(new Uint8Array(file))),
          [column] = await openColumns(table, ["a"]);
        const from = Math.floor(cuts[0] * lists.length), span = { from, to: lists.length };
        for (const kind of [Uint16Array, Uint32Array, Float32Array, Float64Array]) {
          const [offsets, values] = await read(column, 0, { span, kind });
          const wanted = lists.slice(from).map((list) => list ?? []);
          assertSame([...values], wanted.flat());
          assertSame(
            [...offsets].slice(1).map((end, i) => end - offsets[i]),
            wanted.map((list) => list.length),
          );
        }
      }),
      { numRuns: 25 },
    ));
}

Deno.test("decodeCodesInto() and decodeNumbersInto() give the columns that were written", () => {
  const row = fc.tuple(fc.integer({ min: -1, max: 2 }), fc.double());
  const categories = ["b", "", "\uFEFFé\n"];
  return fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 100 }), cuts, async (rows, cuts) => {
      const codes = Int32Array.from(rows, ([code]) => code),
        numbers = Float64Array.from(rows, ([, number]) => number);
      const bytes = writtenBy((writer) => {
        writer.write(rows.length, [
          encodeCategories("kind", codes, categories),
          encodeNumbers("x", numbers),
        ]);
        writer.finish(tableSchema([textColumn("kind"), numberColumn("x")]), []);
      });
      const columns = await openColumns(await openTable(bytesInMemory(bytes)), ["kind", "x"]);
      const from = Math.floor(cuts[0] * rows.length), span = { from, to: rows.length };
      const [kind, x] = columns.map((column) => planPiece(column, 0, span));
      const found = {
        codes: new Int32Array(span.to - from + 1),
        row: 1,
        codeOf: (text: string) => categories.indexOf(text),
      };
      decodeCodesInto(found, kind, await partsOf(columns[0], kind));
      assertSame(found.codes.subarray(1), codes.subarray(from));
      const theirs = { numbers: new Float64Array(span.to - from), row: 0 };
      decodeNumbersInto(theirs, x, await partsOf(columns[1], x));
      assertSame(theirs.numbers, numbers.subarray(from));
    }),
    { numRuns: 40 },
  );
});

Deno.test("decodeCodesInto() decodes the texts of a page that are wanted, and no others", () => {
  const texts = fc.array(fc.option(fc.string({ unit: "grapheme" })), {
    minLength: 1,
    maxLength: 100,
  });
  return fc.assert(
    fc.asyncProperty(texts, cuts, async (rows, cuts) => {
      const bytes = new Uint8Array(parquetWriteBuffer({
        schema: tableSchema([textColumn("kind")]),
        columnData: [{
          name: "kind",
          data: rows.map((text) => text ?? undefined),
          encoding: "PLAIN",
        }],
        pageSize: 64,
      }));
      const [column] = await openColumns(await openTable(bytesInMemory(bytes)), ["kind"]);
      const ends = [...cuts.map((cut) => Math.floor(cut * rows.length)), rows.length];
      const [from, to] = ends.sort((a, b) => a - b);
      const piece = planPiece(column, 0, { from, to }), asked: string[] = [];
      const codeOf = (text: string) => asked.push(text) - 1;
      const found = { codes: new Int32Array(to - from), row: 0, codeOf };
      decodeCodesInto(found, piece, await partsOf(column, piece));
      assertSame(Array.from(found.codes, (code) => asked[code] ?? null), rows.slice(from, to));
      assertSame(asked.length, rows.slice(from, to).filter((text) => text !== null).length);
    }),
    { numRuns: 100 },
  );
});

Deno.test("decodePieceInto() gives the lists or a RangeError, whichever bytes are others", () =>
  fc.assert(
    fc.asyncProperty(
      groups,
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }),
      async (groups, changes) => {
        const bytes = written(groups);
        for (const [place, byte] of changes) bytes[place % bytes.length] = byte;
        try {
          const table = await openTable(bytesInMemory(bytes));
          for (const column of await openColumns(table, ["ids", "values"])) {
            for (const [group, to] of table.footer.rows.entries()) {
              await read(column, group, {
                span: { from: 0, to },
                kind: Uint32Array,
              });
            }
          }
        } catch (error) {
          ok(error instanceof RangeError, `${error}`);
        }
      },
    ),
    { numRuns: 80 },
  ));

Deno.test("openTable() refuses footers that would have it build what no memory holds", async () => {
  const refuse = async (footer: number[], words: RegExp) => {
    const length = [footer.length & 255, footer.length >> 8, 0, 0];
    const bytes = Uint8Array.from([...encode("PAR1"), ...footer, ...length, ...encode("PAR1")]);
    await rejects(openTable(bytesInMemory(bytes)), words);
  };
  // A list of 2^30 structures, lists within lists where nobody looks, and a number without an end.
  await refuse([0x29, 0xFC, 128, 128, 128, 128, 4], /a list runs past its end/);
  await refuse([0x29, 0x19, ...Array(90).fill(0x19)], /a list holds no structures/);
  await refuse([0xA9, ...Array(90).fill(0x19)], /nested too deeply/);
  await refuse([0x26, ...Array(90).fill(255)], /longer than ten bytes/);
  await rejects(openTable(bytesInMemory(new Uint8Array(11))), /too short|does not end/);
  await rejects(
    openTable(bytesInMemory(Uint8Array.from([...Array(8).fill(0), ...encode("PAR2")]))),
    /does not end/,
  );
});

const encode = (text: string) => new TextEncoder().encode(text);

/** The rows of a span, offsets from 0. */
function slice({ offsets, ids, values }: Lists, { from, to }: Rows): Lists {
  const [first, end] = [offsets[from], offsets[to]];
  return {
    offsets: offsets.slice(from, to + 1).map((offset) => offset - first),
    ids: ids.slice(first, end),
    values: values.slice(first, end),
  };
}

/** The column as if no row group had an offset index. */
const withoutIndexes = (column: TableColumn): TableColumn => ({
  ...column,
  chunks: column.chunks.map((n, i) => i % CHUNK.length === CHUNK.index ? NaN : n),
});

type Kind = new (length: number) => Uint16Array | Uint32Array | Float32Array | Float64Array;

/** Room for all lists. */
const targetOf = ({ offsets, ids }: Lists, kind: Kind) => ({
  offsets: new Uint32Array(offsets.length),
  row: 0,
  // A piece may decode more than it gives.
  values: new kind(2 * ids.length + 10),
  entry: 0,
});

async function read(
  column: TableColumn,
  group: number,
  { span, kind }: { span: Rows; kind: Kind },
) {
  const piece = planPiece(column, group, span), parts = await partsOf(column, piece);
  const offsets = new Uint32Array(span.to - span.from + 1);
  const target = { offsets, row: 0, values: new kind(entriesIn(piece, parts)), entry: 0 };
  const entries = decodePieceInto(target, piece, parts);
  return [offsets, target.values.subarray(0, entries)];
}

async function partsOf({ bytes }: TableColumn, { ranges }: Piece) {
  return await Promise.all(ranges.map(async ({ from, to }) => {
    const part = new Uint8Array(to - from);
    await bytes.read(part, from);
    return part;
  }));
}

/** Writes lists as a file and opens its two columns. */
async function withTable(
  groups: readonly Lists[],
  check: (columns: readonly TableColumn[]) => Promise<void>,
): Promise<void> {
  const bytes = written(groups), table = await openTable(bytesInMemory(bytes));
  await check(await openColumns(table, ["ids", "values"]));
}

const written = (groups: readonly Lists[]): Uint8Array =>
  writtenBy((writer) => {
    for (const { offsets, ids, values } of groups) {
      writer.write(offsets.length - 1, [
        encodeIds("ids", offsets, ids),
        encodeValues("values", offsets, values, "FLOAT"),
      ]);
    }
    writer.finish(
      tableSchema([listColumn("ids", "INT32", "UINT_32"), listColumn("values", "FLOAT")]),
      [],
    );
  });

function writtenBy(write: (writer: ShardWriter) => void): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "gil-pieces-")), path = join(folder, "a.parquet");
  try {
    write(shardWriter(path));
    return readFileSync(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
