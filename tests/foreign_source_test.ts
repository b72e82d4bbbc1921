import { equal, match, ok, rejects } from "node:assert/strict";
import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Effect } from "effect";
import { parquetWriteBuffer } from "hyparquet-writer";
import { keyOf } from "../core/random.ts";
import { parquet } from "../plugins/sources/parquet.ts";
import { describeFile, fileInWords } from "../streams/foreign/describe_file.ts";
import { listColumn, tableSchema } from "../streams/parquet/schema.ts";
import { folderOfTests, withFolder } from "./atlas_folder.ts";
import { readLeft } from "./damaged_groups.ts";
import { assertSame } from "./first_difference.ts";
import { STORED, TOKENS } from "./foreign_cells.ts";
import { type ForeignRow, type Storage, writeForeign } from "./foreign_files.ts";
import { readAll, sourceLaws } from "./laws/source_laws.ts";

type Config = NonNullable<Parameters<typeof parquet>[0]>;

/** Everything that a source gives, in stored order. */
const all = (config: Config) =>
  Effect.runPromise(
    Effect.scoped(Effect.flatMap(parquet(config), (source) =>
      Effect.promise(async () => ({
        ...await readAll(source, { batch: 100, order: "stored" }),
        source,
      })))),
  );

const folder = folderOfTests();

/** scGPT's way: special words come last. */
const vocabulary = join(folder, "vocab.json");
writeFileSync(
  vocabulary,
  JSON.stringify({ A: 0, C: 2, B: 1, D: 3, E: 4, F: 5, "<pad>": 6, "<cls>": 7 }),
);

/** The reference benchmark's layout in two files: floats everywhere, log1p of counts, genes in any order. */
const benchmark = join(folder, "benchmark");
mkdirSync(benchmark);
const row = (cell: number): ForeignRow => ({
  genes: [3, 5, 0, 4].slice(0, cell % 5),
  expressions: [1, 2, 3, 4].slice(0, cell % 5).map((count) =>
    Math.fround(Math.log1p(count + cell))
  ),
  kind: ["T", "B", undefined][cell % 3],
  number: cell % 7 === 0 ? undefined : 20 - cell % 4,
});
const rows = Array.from({ length: 500 }, (_, cell) => row(cell));
writeForeign(join(benchmark, "b.parquet"), rows.slice(350));
writeForeign(join(benchmark, "a.parquet"), rows.slice(0, 350), { rowGroup: 100 });
const config = {
  files: benchmark,
  vocabulary,
  scale: "log1p",
  columns: ["kind", "number"],
} as const;

sourceLaws("parquet()", parquet(config));

Deno.test("parquet() reads the files of a folder by name, row after row", async () => {
  const cells = await all(config);
  assertSame(cells.source.vocabulary.symbols, ["A", "B", "C", "D", "E", "F"]);
  assertSame(cells.source.columns, [
    { name: "kind", categories: ["B", "T"] },
    { name: "number", categories: ["17", "18", "19", "20"] },
  ]);
  equal(cells.source.values, "log1p");
  rows.forEach((row, cell) => {
    const from = cells.offsets[cell], to = cells.offsets[cell + 1];
    assertSame([...cells.genes.subarray(from, to)], row.genes);
    assertSame([...cells.values.subarray(from, to)], row.expressions);
    equal(cells.obs.kind[cell], row.kind === undefined ? -1 : "BT".indexOf(row.kind));
    equal(cells.obs.number[cell], row.number === undefined ? -1 : row.number - 17);
  });
});

for (const tokens of ["INT64", "INT32", "FLOAT", "DOUBLE"] as const) {
  Deno.test(`parquet() leaves out tokens before the first gene, whatever their value: ${tokens}`, () =>
    withFolder(async (folder) => {
      // Tahoe-100M's way: a token of the cell comes first, with a value that no gene may have.
      const genes = join(folder, "genes.txt"), files = join(folder, "cells.parquet");
      writeFileSync(genes, "ENSG1\nENSG2\nENSG3\n");
      writeForeign(files, [
        { genes: [1, 5, 3], expressions: [-2, 7, 1] },
        { genes: [1], expressions: [-2] },
        { genes: [1, 4], expressions: [-2, 0] },
      ], { tokens });
      const cells = await all({ files, vocabulary: genes, firstGene: 3, scale: "counts" });
      assertSame(cells.source.vocabulary.symbols, ["ENSG1", "ENSG2", "ENSG3"]);
      assertSame([...cells.offsets], [0, 2, 2, 2]);
      assertSame([...cells.genes], [2, 0]);
      assertSame([...cells.values], [7, 1]);
    }));
}

Deno.test("parquet() leaves out words in angle brackets, wherever they stand", () =>
  withFolder(async (folder) => {
    const files = join(folder, "cells.parquet");
    writeForeign(files, [{ genes: [7, 1, 6], expressions: [-2, 3, 0] }]);
    const cells = await all({ files, vocabulary, scale: "counts" });
    assertSame([...cells.genes, ...cells.values], [1, 3]);
  }));

Deno.test("parquet() gives the same cells whichever reader they take", async () => {
  const words = join(folder, "words.txt");
  writeFileSync(words, Array.from({ length: TOKENS }, (_, token) => `G${token}\n`).join(""));
  const read = async (name: string, order: "stored" | ReturnType<typeof keyOf>) => {
    const files = join(STORED, `pyarrow_${name}.parquet`);
    const opened = parquet({ files, vocabulary: words, scale: "counts", columns: ["kind"] });
    return await Effect.runPromise(
      Effect.scoped(
        Effect.flatMap(
          opened,
          (source) => Effect.promise(() => readAll(source, { batch: 9, order })),
        ),
      ),
    );
  };
  for (const order of ["stored", keyOf(3)] as const) {
    const fast = await read("v1_snappy", order);
    ok(fast.genes.length > 100);
    for (const other of ["v1_lz4", "v2_brotli", "v2_index"]) {
      assertSame(await read(other, order), fast);
    }
  }
});

const good = { genes: [1, 2], expressions: [1, 2] };
const faults: readonly [what: string, row: ForeignRow, why: string, storage?: Storage][] = [
  ["a gene twice", { genes: [1, 2, 1], expressions: [1, 2, 3] }, 'it names gene "B" twice'],
  [
    "an id outside the vocabulary",
    { genes: [8], expressions: [1] },
    "it has the token 8, and the last of the vocabulary is 7; name the vocabulary that the file " +
    "was written with",
  ],
  [
    "an id that is negative",
    { genes: [-1], expressions: [1] },
    "it has the token -1, and tokens are integers from 0",
  ],
  [
    "an id that is no integer",
    { genes: [1.5], expressions: [1] },
    "it has the token 1.5, and tokens are integers from 0",
  ],
  [
    "a value below zero",
    { genes: [0], expressions: [-1] },
    'gene "A" has the value -1, and values are finite and not below 0',
  ],
  [
    "a value that is not a number",
    { genes: [0], expressions: [NaN] },
    'gene "A" has the value NaN, and values are finite and not below 0',
  ],
  [
    "an infinite value",
    { genes: [0], expressions: [Infinity] },
    'gene "A" has the value Infinity, and values are finite and not below 0',
  ],
  [
    "a count that is none",
    { genes: [0], expressions: [0.5] },
    'gene "A" has the value 0.5, which is not a count; log-normalised values are read with the ' +
    'scale "log1p"',
  ],
  ["lists of two lengths", { genes: [0, 1], expressions: [1] }, "it has 2 genes and 1 values"],
];
for (const [what, bad, why] of faults) {
  Deno.test(`parquet() refuses ${what}, and says where`, () =>
    withFolder(async (folder) => {
      const files = join(folder, "cells.parquet");
      writeForeign(files, [good, good, good, bad, good], { rowGroup: 2 });
      await rejects(all({ files, vocabulary, scale: "counts" }), {
        _tag: "InputError",
        message: `Cannot read "${files}", row group 1, row 1: ${why}`,
      });
    }));
}

Deno.test("parquet() refuses a vocabulary that a footer tells is another, before it reads", () =>
  withFolder(async (folder) => {
    const files = join(folder, "cells.parquet");
    writeForeign(files, [good, { genes: [9], expressions: [1] }], { statistics: true });
    await rejects(
      Effect.runPromise(Effect.scoped(parquet({ files, vocabulary, scale: "counts" }))),
      {
        message:
          `Cannot read "${files}": row group 0 has the token 9, and the last of the vocabulary is 7; ` +
          "name the vocabulary that the file was written with",
      },
    );
  }));

Deno.test("parquet() names the columns that would work", async () => {
  const other = (more: Partial<Config>) => all({ ...config, ...more } as Config);
  const path = join(benchmark, "a.parquet"), cannot = `Cannot read "${path}": `;
  await rejects(other({ values: "expresions" }), {
    message: `${cannot}it has no column "expresions"; did you mean "expressions"?`,
  });
  await rejects(other({ genes: "kind" }), {
    message: `${cannot}column "kind" holds no lists; name a column of lists`,
  });
  await rejects(other({ columns: ["genes"] }), { message: `${cannot}column "genes" holds lists` });
});

Deno.test("parquet() refuses files that are none, or that changed since they were opened", () =>
  withFolder(async (folder) => {
    const refused = (files: string, message: RegExp) =>
      rejects(all({ ...config, files }), (error: Error) => {
        match(error.message, message);
        return "_tag" in error && error._tag === "InputError";
      });
    await refused(join(folder, "none"), /^Cannot read ".*none": there is no such file or folder$/);
    await refused(folder, /^Cannot read ".*": no file in it ends in "\.parquet"; name the files$/);
    const text = join(folder, "text.parquet");
    writeFileSync(text, "A,B\n");
    await refused(text, /^Cannot read ".*text\.parquet": it is too short for a Parquet file$/);

    const files = join(folder, "cells.parquet");
    writeForeign(files, [good, good]);
    const opened = Effect.flatMap(
      parquet({ files, vocabulary, scale: "counts" }),
      (source) =>
        Effect.promise(() => {
          utimesSync(files, 1, 1);
          return rejects(readAll(source, { batch: 1, order: "stored" }), {
            message: `Cannot read "${files}": it changed since it was opened`,
          });
        }),
    );
    await Effect.runPromise(Effect.scoped(opened));
  }));

Deno.test("parquet() reads more files in a random order than it holds open", () =>
  withFolder(async (folder) => {
    for (let file = 10; file < 50; file++) {
      const cells = [0, 1].map((i) => ({ genes: [file % 6], expressions: [file * 2 + i] }));
      writeForeign(join(folder, `${file}.parquet`), cells);
    }
    const opened = parquet({ files: folder, vocabulary, scale: "counts" });
    const read = Effect.flatMap(
      opened,
      (source) => Effect.promise(() => readAll(source, { batch: 80, order: keyOf(1) })),
    );
    const cells = await Effect.runPromise(Effect.scoped(read));
    ok(cells.cells.some((cell, i) => cell !== i));
    assertSame([...cells.values], Array.from(cells.cells, (cell) => 20 + cell));
    assertSame([...cells.genes], Array.from(cells.cells, (cell) => (10 + (cell >> 1)) % 6));
  }));

Deno.test("parquet() gives the same cells by any number of workers, whatever rows are in its groups", () =>
  withFolder(async (folder) => {
    const files = join(folder, "cells.parquet");
    const many = Array.from({ length: 20_000 }, (_, cell) => row(cell));
    // Too many rows to be read whole, in pages that no index tells of.
    writeForeign(files, many, { rowGroup: 18_000 });
    const read = (workers: number) =>
      Effect.runPromise(Effect.scoped(Effect.flatMap(
        parquet({ ...config, files, workers }),
        (source) =>
          Effect.promise(async () => {
            const request = { batch: 700, order: keyOf(2), columns: ["kind", "number"] };
            // Workers that have read before read the same.
            await readAll(source, { ...request, order: "stored", columns: [] });
            return await readAll(source, request);
          }),
      )));
    const alone = await read(0);
    equal(new Set(alone.cells).size, many.length);
    alone.cells.forEach((cell, i) => {
      equal(alone.offsets[i + 1] - alone.offsets[i], cell % 5);
      equal(alone.obs.kind[i], [1, 0, -1][cell % 3]);
    });
    assertSame(await read(2), alone);
  }));

Deno.test("parquet() leaves the cells of damaged row groups out when asked, and counts them", () =>
  withFolder(async (folder) => {
    const files = join(folder, "cells.parquet");
    writeForeign(files, [good, good, good, { genes: [0], expressions: [-1] }, good], {
      rowGroup: 2,
    });
    const opened = parquet({ files, vocabulary, scale: "counts", onDamage: "skip" });
    await Effect.runPromise(
      Effect.scoped(Effect.flatMap(opened, (source) =>
        Effect.promise(async () => {
          const { cells } = await readLeft(source, { batch: 5, order: "stored" });
          assertSame([...cells], [0, 1, 4]);
          assertSame(source.warnings?.(), [
            `Cells were left out 2 times: Cannot read "${files}", row group 1, row 1: gene "A" has ` +
            "the value -1, and values are finite and not below 0",
          ]);
        }))),
    );
  }));

Deno.test("parquet() names the column whose numbers are dates", () =>
  withFolder(async (folder) => {
    const files = join(folder, "cells.parquet");
    const buffer = parquetWriteBuffer({
      schema: tableSchema([
        listColumn("genes", "FLOAT"),
        listColumn("expressions", "FLOAT"),
        [{ name: "day", repetition_type: "OPTIONAL", type: "INT32", converted_type: "DATE" }],
      ]),
      columnData: [
        { name: "genes", data: [[1]] },
        { name: "expressions", data: [[1]] },
        { name: "day", data: [new Date(0)] },
      ],
    });
    writeFileSync(files, new Uint8Array(buffer));
    await rejects(all({ files, vocabulary, scale: "counts", columns: ["day"] }), {
      message: `Cannot read "${files}": column "day" holds dates; labels are texts or integers: ` +
        "write it as texts, or leave it out",
    });
  }));

Deno.test("describeFile() says how each column is read", () =>
  withFolder(async (folder) => {
    const file = join(folder, "cells.parquet");
    writeForeign(file, Array.from({ length: 20_000 }, () => good), { rowGroup: 18_000 });
    const { columns, ...facts } = await Effect.runPromise(describeFile(file));
    equal(facts.rows, 20_000);
    equal(facts.rowGroups, 2);
    for (const { paths } of columns) assertSame(paths, { walk: 1, whole: 1 });
    const slow = join(STORED, "pyarrow_v1_lz4.parquet");
    const lines = fileInWords(await Effect.runPromise(describeFile(slow)), 200);
    ok(lines.some((line) => /^genes +lists of INT32, LZ4_RAW; read by parquet-wasm/.test(line)));
  }));
