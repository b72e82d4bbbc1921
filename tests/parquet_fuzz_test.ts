import { ok } from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { Effect } from "effect";
import fc from "fast-check";
import { InputError } from "../core/errors.ts";
import { parquet } from "../plugins/sources/parquet.ts";
import { writeAtlas } from "../streams/atlas/write_atlas.ts";
import { isFast } from "../streams/parquet/chunk.ts";
import { decodePieceInto, entriesIn } from "../streams/parquet/decode_piece.ts";
import { decodeCodesInto, decodeNumbersInto } from "../streams/parquet/decode_single.ts";
import { mapPages, mapSoundPages, type PageMap } from "../streams/parquet/page_map.ts";
import { type Piece, planPiece } from "../streams/parquet/piece.ts";
import { slowReader } from "../streams/parquet/slow_column.ts";
import { openColumns, openTable, type TableColumn } from "../streams/parquet/table.ts";
import { synthesise } from "../streams/reading/synthesise.ts";
import { withFolder } from "./atlas_folder.ts";
import { bytesInMemory } from "./bytes_in_memory.ts";
import { assertSame } from "./first_difference.ts";
import { STORED, TOKENS } from "./foreign_cells.ts";
import { readAll } from "./laws/source_laws.ts";
import {
  absurdSchema,
  bombedPage,
  changedBytes,
  changedFooter,
  changedLength,
  changedPage,
  type Mutation,
  withoutFields,
} from "./parquet_mutations.ts";

/** Cases of the long run; a few thousand unless it is asked for. */
const CASES = Number(process.env.GIL_FUZZ ?? 3000);

/** A file that is whole, and the columns in it that are read. */
interface Whole {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly columns: readonly string[];
}

const foreign = ["genes", "expressions", "kind", "number"];
const files: readonly Whole[] = [
  ...readdirSync(STORED).filter((name) => /^(?!.*lz4).*\.parquet$/.test(name)).map((name) => ({
    name,
    bytes: new Uint8Array(readFileSync(join(STORED, name))),
    columns: foreign,
  })),
  ...await ours(),
];

const structure = fc.oneof(changedFooter, changedPage, absurdSchema, bombedPage);
const bytes = fc.oneof(changedBytes, changedLength);
/** At most one change of what the file says of itself, then some of its bytes. */
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  structure,
  fc.array(bytes, { minLength: 1, maxLength: 3 }).map(inTurn),
  fc.tuple(structure, bytes).map(inTurn),
);

Deno.test("planPiece() and decodePieceInto() give cells or a RangeError, whatever the file says", async () => {
  const outcomes = { read: 0, refused: 0 };
  let slowest = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...files),
      mutation,
      fc.nat(2 ** 30),
      async (file, mutate, salt) => {
        const changed = mutate(file.bytes), began = performance.now();
        const outcome = await outcomeOf(() => readColumns(changed, file.columns, salt));
        outcomes[outcome === undefined ? "read" : "refused"]++;
        slowest = Math.max(slowest, performance.now() - began);
      },
    ),
    { numRuns: CASES },
  );
  if (CASES > 3000) console.log(outcomes, `slowest ${slowest.toFixed()} ms`, process.memoryUsage());
  ok(outcomes.refused > CASES / 4, `only ${outcomes.refused} of ${CASES} were refused`);
  ok(outcomes.read > CASES / 40, `only ${outcomes.read} of ${CASES} were read`);
});

Deno.test("decodePieceInto() gives the same cells or a RangeError where pages have checksums", async () => {
  const [file] = await ours(), { bytes, columns } = file;
  const whole = await readColumns(bytes, columns, 0);
  const pages = bytes.length - 8 - new DataView(bytes.buffer).getUint32(bytes.length - 8, true);
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(8 * pages - 1), async (bit) => {
      const damaged = bytes.slice();
      damaged[bit >> 3] ^= 1 << (bit & 7);
      const fault = await outcomeOf(async () => {
        assertSame(await readColumns(damaged, columns, 0), whole);
      });
      if (fault) refused++;
    }),
    { numRuns: CASES / 4 },
  );
  ok(refused > CASES / 8, `only ${refused} of ${CASES / 4} flipped bits were noticed`);
});

Deno.test("openTable() refuses footers that lack what reading needs, and reads without the rest", async () => {
  const [file] = files.filter(({ name }) => name === "pyarrow_v1_snappy.parquet");
  const whole = await readColumns(file.bytes, file.columns, 0);
  let read = 0, refused = 0;
  for (const changed of withoutFields(file.bytes)) {
    const fault = await outcomeOf(() => readColumns(changed, file.columns, 0));
    if (fault) refused++;
    else read++;
  }
  ok(whole.length > 0 && read > 100 && refused > 100, `${read} were read, ${refused} refused`);
});

Deno.test("parquet() gives cells that are well-formed or an InputError, whatever the file says", () =>
  withFolder(async (folder) => {
    const vocabulary = join(folder, "words.txt"), path = join(folder, "cells.parquet");
    writeFileSync(vocabulary, Array.from({ length: TOKENS }, (_, t) => `G${t}\n`).join(""));
    const config = { files: path, vocabulary, scale: "counts", columns: ["kind"] } as const;
    const read = Effect.scoped(
      Effect.flatMap(parquet(config), (source) =>
        Effect.promise(async () => {
          const cells = await readAll(source, { batch: 1000, order: "stored" });
          for (const gene of cells.genes) ok(gene < TOKENS);
          for (const value of cells.values) ok(value > 0 && Number.isFinite(value));
        })),
    );
    const fast = files.filter(({ columns }) => columns === foreign);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...fast), mutation, async (file, mutate) => {
        const changed = mutate(file.bytes);
        // What no decoder here knows would start a worker for each case; a test of its own sees to it.
        const slow = await outcomeOf(() => readColumns(changed, file.columns, 0));
        if (slow?.message === SLOW) return;
        writeFileSync(path, changed);
        await Effect.runPromise(read).catch((error: unknown) => {
          ok(error instanceof InputError, String(error));
          ok(error.message.startsWith(`Cannot read "${path}"`), error.message);
        });
      }),
      { numRuns: CASES / 10 },
    );
  }));

Deno.test("slowReader() gives rows or a RangeError, whatever the file says", async () => {
  const whole = new Uint8Array(readFileSync(join(STORED, "pyarrow_v1_lz4.parquet")));
  const name = fc.constantFrom(...foreign);
  await fc.assert(
    fc.asyncProperty(fc.oneof(mutation, changedFooter, changedPage), name, async (mutate, name) => {
      const reader = slowReader(bytesInMemory(mutate(whole)));
      try {
        await outcomeOf(() => reader.read(name, 0, { from: 0, to: 20 }));
      } finally {
        reader.close();
      }
    }),
    { numRuns: Math.ceil(CASES / 500) },
  );
});

const SLOW = "a column is read slowly";
/** Rows and entries that whoever reads has room for. */
const ROOM = 2 ** 22;

/** Everything that these columns hold, some rows of each row group at a time. */
async function readColumns(
  file: Uint8Array,
  names: readonly string[],
  salt: number,
): Promise<unknown[]> {
  const source = bytesInMemory(file), table = await openTable(source), found: unknown[] = [];
  const columns = await openColumns(table, names);
  for (const [group, to] of table.footer.rows.entries()) {
    const from = salt % 3 === 0 ? 0 : salt % Math.max(1, to);
    for (const column of columns) {
      const rows = { from: Math.min(from, to), to }, piece = planPiece(column, group, rows);
      if (!isFast(piece.chunk)) throw new RangeError(SLOW);
      const maps: (PageMap | undefined)[] = [];
      maps[group] = await (salt % 2 === 0 ? mapPages : mapSoundPages)(source, piece.chunk);
      for (const { ranges, ...rest } of [piece, planPiece({ ...column, maps }, group, rows)]) {
        found.push(
          decode(
            column,
            { ranges, ...rest },
            ranges.map(({ from, to }) => file.subarray(from, to)),
          ),
        );
      }
    }
  }
  return found;
}

function decode({ leaf }: TableColumn, piece: Piece, parts: readonly Uint8Array[]): unknown {
  const { rows } = piece;
  if (!leaf.lists && leaf.type === "BYTE_ARRAY") {
    const codes = new Int32Array(rows), texts: string[] = [];
    decodeCodesInto({ codes, row: 0, codeOf: (text) => texts.push(text) - 1 }, piece, parts);
    for (const code of codes) ok(code >= -1 && code < texts.length);
    return Array.from(codes, (code) => texts[code]);
  }
  if (!leaf.lists) {
    const numbers = new Float64Array(rows);
    decodeNumbersInto({ numbers, row: 0 }, piece, parts);
    return numbers;
  }
  const room = entriesIn(piece, parts);
  if (room > ROOM) throw new RangeError("there is no room for so many entries");
  const offsets = new Uint32Array(rows + 1), values = new Float64Array(room);
  const entries = decodePieceInto({ offsets, row: 0, values, entry: 0 }, piece, parts);
  for (let row = 0; row < rows; row++) ok(offsets[row] <= offsets[row + 1]);
  ok(offsets[0] === 0 && offsets[rows] === entries && entries <= room);
  return [offsets, values.subarray(0, entries)];
}

/** The fault of what fails as it may; undefined where it does not fail. */
async function outcomeOf(attempt: () => Promise<unknown>): Promise<RangeError | undefined> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    ok(error instanceof RangeError, error instanceof Error ? error.stack : String(error));
    // The engine's own words say that nobody looked before.
    ok(
      !/typed array|allocation|call stack|outside the bounds|start offset/i.test(error.message),
      error.stack,
    );
    return error;
  }
}

function inTurn(mutations: readonly Mutation[]): Mutation {
  return (file) => mutations.reduce((changed, mutate) => mutate(changed), file);
}

/** A shard as it is written here. */
function ours(): Promise<Whole[]> {
  const shape = { cells: 150, genes: 40, cellTypes: 3, dataSets: 2, modules: 4, depth: 60 };
  const made = synthesise({ ...shape, seed: 5 });
  return withFolder(async (folder) => {
    const { vocabulary, values, columns, batches } = made, path = join(folder, "atlas");
    const input = { vocabulary, values, columns, numbers: [], provenance: "", batches: batches() };
    const { shards } = await Effect.runPromise(writeAtlas(path, input));
    return shards.map(({ file }) => ({
      name: "ours",
      bytes: new Uint8Array(readFileSync(join(path, file))),
      columns: ["genes", "counts", ...columns.map(({ name }) => name)],
    }));
  });
}
