import { equal, ok, rejects } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { parquetMetadata } from "hyparquet";
import { CompressionCodecs, Encodings, ParquetTypes } from "hyparquet/src/constants.js";
import { chunkOf } from "../streams/parquet/chunk.ts";
import { CHUNK } from "../streams/parquet/chunk_map.ts";
import { encodeIds, encodeValues } from "../streams/parquet/encode_lists.ts";
import { encodeCategories } from "../streams/parquet/encode_singles.ts";
import { footerWriter } from "../streams/parquet/footer_writer.ts";
import { columnNames } from "../streams/parquet/leaf.ts";
import { pageIndexOf } from "../streams/parquet/page_index.ts";
import { listColumn, tableSchema, textColumn } from "../streams/parquet/schema.ts";
import { openColumns, openTable } from "../streams/parquet/table.ts";
import { indexOf } from "../streams/parquet/table_column.ts";
import { bytesInMemory } from "./bytes_in_memory.ts";
import { assertSame } from "./first_difference.ts";
import { STORED } from "./foreign_cells.ts";
import { fieldOf, type Node, readTree, writeTree } from "./thrift_tree.ts";

for (const name of readdirSync(STORED).filter((name) => name.endsWith(".parquet"))) {
  Deno.test(`openTable() and openColumns() say what another reader does: ${name}`, () =>
    assertLikeOther(new Uint8Array(readFileSync(join(STORED, name)))));
}

const group = fc.record({
  rows: fc.integer({ min: 1, max: 300 }),
  categories: fc.array(fc.string({ unit: "grapheme" }), { minLength: 1, maxLength: 20 }),
});

Deno.test("footerWriter() writes what another reader reads, and openTable() too", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(group, { minLength: 1, maxLength: 40 }),
      fc.string({ unit: "grapheme", minLength: 1 }),
      fc.array(fc.record({ key: fc.string(), value: fc.string() }), { maxLength: 3 }),
      async (groups, name, notes) => {
        const kind = `kind ${name}`, bytes = written(groups, kind, notes);
        await assertLikeOther(bytes);
        await assertPagesWhere(bytes, ["genes", "counts", kind]);
        const { num_rows, key_value_metadata, row_groups } = parquetMetadata(bytes.buffer);
        equal(Number(num_rows), groups.reduce((sum, { rows }) => sum + rows, 0));
        assertSame(key_value_metadata ?? [], notes);
        for (const { columns, total_byte_size, total_compressed_size } of row_groups) {
          const all = columns.map(({ meta_data }) => meta_data!);
          const sum = (sizes: bigint[]) => sizes.reduce((a, b) => a + b);
          equal(total_byte_size, sum(all.map((one) => one.total_uncompressed_size)));
          equal(total_compressed_size, sum(all.map((one) => one.total_compressed_size)));
        }
      },
    ),
    { numRuns: 60 },
  ));

Deno.test("openColumns() makes no room for row groups that a footer has no bytes for", async () => {
  const bytes = written([{ rows: 1, categories: ["a"] }], "kind", []), size = bytes.length;
  const start = size - 8 - new DataView(bytes.buffer).getUint32(size - 8, true);
  const { tree } = readTree(bytes, start), groups = fieldOf(tree, 4);
  const rows: Node = { type: 12, fields: [{ id: 3, node: { type: 6, integer: 1n } }] };
  if (groups?.type === 9) groups.items = Array(100_000).fill(rows);
  const footer = writeTree(tree), lying = new Uint8Array(4 + footer.length + 8);
  lying.set(footer, 4);
  new DataView(lying.buffer).setUint32(4 + footer.length, footer.length, true);
  lying.set(bytes.subarray(-4), lying.length - 4);
  const table = await openTable(bytesInMemory(lying));
  equal(table.footer.rows.length, 100_000);
  await rejects(openColumns(table, ["genes", "counts", "kind"]), {
    name: "RangeError",
    message: "its footer is too short to speak of 100000 row groups",
  });
});

/** Compares everything that is read of every column with what hyparquet reads. */
async function assertLikeOther(bytes: Uint8Array): Promise<void> {
  const theirs = parquetMetadata(bytes.slice().buffer, { geoparquet: false });
  const table = await openTable(bytesInMemory(bytes)), { footer } = table;
  assertSame([...footer.rows], theirs.row_groups.map(({ num_rows }) => Number(num_rows)));
  const names = columnNames(footer.schema);
  const columns = await openColumns(table, names);
  ok(columns.length > 0);
  for (const [i, { leaf, chunks }] of columns.entries()) {
    equal(leaf.path[0], names[i]);
    for (const [group, { columns }] of theirs.row_groups.entries()) {
      const { meta_data: meta, ...chunk } = columns.find(({ meta_data }) =>
        meta_data!.path_in_schema.join("\0") === leaf.path.join("\0")
      )!;
      const integer = (value: bigint | number | undefined) =>
        value === undefined ? NaN : Number(value);
      const { max_value, max } = meta!.statistics ?? {}, most = max_value ?? max;
      const wanted = Array<number>(CHUNK.length);
      wanted[CHUNK.rows] = footer.rows[group];
      wanted[CHUNK.dataPage] = integer(meta!.data_page_offset);
      wanted[CHUNK.dictionary] = integer(meta!.dictionary_page_offset);
      wanted[CHUNK.bytes] = integer(meta!.total_compressed_size);
      wanted[CHUNK.unpacked] = integer(meta!.total_uncompressed_size);
      wanted[CHUNK.values] = integer(meta!.num_values);
      wanted[CHUNK.type] = ParquetTypes.indexOf(meta!.type);
      wanted[CHUNK.codec] = CompressionCodecs.indexOf(meta!.codec);
      wanted[CHUNK.encodings] = [...new Set(meta!.encodings)]
        .reduce((sum, encoding) => sum + 2 ** Encodings.indexOf(encoding), 0);
      wanted[CHUNK.index] = integer(chunk.offset_index_offset);
      wanted[CHUNK.indexBytes] = integer(chunk.offset_index_length);
      wanted[CHUNK.most] = typeof most === "number" || typeof most === "bigint"
        ? Number(most)
        : NaN;
      const from = group * CHUNK.length;
      assertSame([...chunks.subarray(from, from + CHUNK.length)], wanted);
    }
  }
}

/** Follows every offset index, whose pages lie end to end from the first to the end of their chunk. */
async function assertPagesWhere(bytes: Uint8Array, names: readonly string[]): Promise<void> {
  for (const column of await openColumns(await openTable(bytesInMemory(bytes)), names)) {
    for (let group = 0; group < column.groups; group++) {
      const chunk = chunkOf(column, group);
      const { offsets, sizes, rows } = pageIndexOf(indexOf(column, group)!, chunk);
      const starts = [...offsets, chunk.start + chunk.bytes];
      equal(starts[0], column.chunks[group * CHUNK.length + CHUNK.dataPage]);
      assertSame([...sizes], starts.slice(1).map((end, page) => end - starts[page]));
      equal(rows.at(-1), chunk.rows);
    }
  }
}

/** A file of three columns, its pages left out: nothing but what its footer says is looked at. */
function written(
  groups: readonly { readonly rows: number; readonly categories: readonly string[] }[],
  kind: string,
  notes: readonly { readonly key: string; readonly value: string }[],
): Uint8Array<ArrayBuffer> {
  const footer = footerWriter();
  let at = 4;
  for (const { rows, categories } of groups) {
    const offsets = Uint32Array.from({ length: rows + 1 }, (_, i) => i);
    const entries = Uint32Array.from({ length: rows }, (_, i) => i);
    const codes = Int32Array.from({ length: rows }, (_, i) => i % (categories.length + 1) - 1);
    const chunks = [
      encodeIds("genes", offsets, entries),
      encodeValues("counts", offsets, Float32Array.from(entries), "FLOAT"),
      encodeCategories(kind, codes, categories),
    ];
    footer.add(
      rows,
      chunks.map((chunk) => {
        const first = at, second = first + (chunk.dictionary?.bytes.length ?? 0);
        at = chunk.pages.reduce((end, { bytes }) => end + bytes.length, second);
        return { chunk, first, second, end: at };
      }),
    );
  }
  const schema = tableSchema([
    listColumn("genes", "INT32", "UINT_16"),
    listColumn("counts", "FLOAT"),
    textColumn(kind),
  ]);
  const parts = footer.finish(at, schema, notes);
  const bytes = new Uint8Array(at + parts.reduce((sum, part) => sum + part.length, 0));
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
