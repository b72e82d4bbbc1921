import { equal, match, ok, rejects } from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Effect, Fiber } from "effect";
import fc from "fast-check";
import { concatCells, selectCells } from "../core/batch.ts";
import { InputError } from "../core/errors.ts";
import { describeAtlas } from "../streams/atlas/describe_atlas.ts";
import { headOf } from "../streams/atlas/head_of.ts";
import { openAtlas } from "../streams/atlas/open_atlas.ts";
import { verifyAtlas } from "../streams/atlas/verify_atlas.ts";
import { type AtlasBatch, type AtlasInput, writeAtlas } from "../streams/atlas/write_atlas.ts";
import { withFolder } from "./atlas_folder.ts";
import { assertSame } from "./first_difference.ts";
import { readAll } from "./laws/source_laws.ts";

const run = Effect.runPromise;
const COLUMNS = [
  { name: "cell_type", categories: ["B cell", "T cell", ""] },
  { name: "a.b", categories: ["\uFEFFé\n"] },
  { name: "__proto__", categories: ["x"] },
];

/** Any cells: without entries, with one or all genes, and with values as large as the scale has. */
function anyCells(genes: number, scale: AtlasInput["values"]): fc.Arbitrary<AtlasBatch> {
  const value = scale === "counts"
    ? fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(65_535, 65_536, 2 ** 24, 2 ** 31))
    : fc.float({ noNaN: true, noDefaultInfinity: true }).filter((value) => value !== 0);
  const entry = fc.tuple(fc.nat(genes - 1), value);
  const cell = fc.record({
    entries: fc.uniqueArray(entry, { selector: ([gene]) => gene, maxLength: 20 }),
    codes: fc.tuple(
      fc.integer({ min: -1, max: 2 }),
      fc.integer({ min: -1, max: 0 }),
      fc.constant(0),
    ),
    number: fc.double(),
  });
  return fc.array(cell, { minLength: 1, maxLength: 40 }).map((cells) => {
    const entries = cells.flatMap(({ entries }) => entries);
    const offsets = new Uint32Array(cells.length + 1);
    cells.forEach(({ entries }, i) => offsets[i + 1] = offsets[i] + entries.length);
    return {
      cells: new Uint32Array(cells.length),
      offsets,
      genes: Uint32Array.from(entries, ([gene]) => gene),
      values: Float32Array.from(entries, ([, value]) => value),
      obs: Object.fromEntries(
        COLUMNS.map(({ name }, c) => [name, Int32Array.from(cells, ({ codes }) => codes[c])]),
      ),
      numbers: { age: Float64Array.from(cells, ({ number }) => number) },
    };
  });
}

/** What `writeAtlas` takes for one batch, cut into pieces of `size` cells. */
function inputOf(
  batch: AtlasBatch,
  genes: number,
  more: Partial<AtlasInput> & { readonly size?: number } = {},
): AtlasInput {
  async function* batches() {
    const cells = batch.cells.length, size = more.size ?? cells;
    for (let from = 0; from < cells; from += size) {
      const rows = Uint32Array.from({ length: Math.min(size, cells - from) }, (_, i) => from + i);
      const numbers = { age: batch.numbers!.age.slice(from, from + size) };
      yield { ...selectCells(batch, rows), numbers };
    }
  }
  return {
    vocabulary: { symbols: Array.from({ length: genes }, (_, gene) => `G${gene}`) },
    values: "counts",
    columns: COLUMNS,
    numbers: ["age"],
    provenance: "a test",
    batches: batches(),
    ...more,
  };
}

/** The batch as an atlas gives it back: rows numbered, the genes of each cell ascending. */
function asStored(batch: AtlasBatch) {
  const { numbers: _, ...cells } = batch, { offsets } = batch;
  const genes = batch.genes.slice(), values = batch.values.slice();
  for (let i = 0; i + 1 < offsets.length; i++) {
    const order = Array.from({ length: offsets[i + 1] - offsets[i] }, (_, e) => offsets[i] + e)
      .sort((a, b) => batch.genes[a] - batch.genes[b]);
    order.forEach((e, place) => {
      genes[offsets[i] + place] = batch.genes[e];
      values[offsets[i] + place] = batch.values[e];
    });
  }
  return { ...cells, cells: Uint32Array.from(batch.cells.keys()), genes, values };
}

for (const genes of [1, 300, 65_536, 65_537]) {
  for (const values of ["counts", "log1p"] as const) {
    Deno.test(`openAtlas() gives back the cells that were written: ${genes} genes, ${values}`, () =>
      fc.assert(
        fc.asyncProperty(
          anyCells(genes, values),
          fc.integer({ min: 1, max: 50 }),
          (batch, size) =>
            withFolder(async (folder) => {
              const path = join(folder, "new", "atlas");
              await run(writeAtlas(path, inputOf(batch, genes, { values, size })));
              await run(Effect.scoped(Effect.flatMap(openAtlas(path), (atlas) =>
                Effect.promise(async () => {
                  const read = await readAll(atlas, { batch: size, order: "stored" });
                  assertSame(read, asStored(batch));
                  assertSame(await atlas.open().numbers(0, "age"), batch.numbers!.age);
                }))));
            }),
        ),
        { numRuns: genes > 1000 ? 2 : 8 },
      ));
  }
}

Deno.test("writeAtlas() writes the same bytes however the cells are cut into batches", () =>
  fc.assert(
    fc.asyncProperty(
      anyCells(30, "counts"),
      fc.integer({ min: 1, max: 9 }),
      (batch, size) =>
        withFolder(async (folder) => {
          const one = await run(writeAtlas(join(folder, "1"), inputOf(batch, 30)));
          const other = await run(writeAtlas(join(folder, "2"), inputOf(batch, 30, { size })));
          assertSame(one, other);
        }),
    ),
    { numRuns: 6 },
  ));

/** Three cells: two T cells and one of no type. */
const THREE: AtlasBatch = {
  cells: new Uint32Array(3),
  offsets: Uint32Array.of(0, 2, 2, 5),
  genes: Uint32Array.of(3, 1, 0, 1, 2),
  values: Float32Array.of(5, 2, 1, 9, 4),
  obs: {
    cell_type: Int32Array.of(1, -1, 1),
    "a.b": Int32Array.of(0, 0, 0),
    ["__proto__"]: Int32Array.of(-1, -1, -1),
  },
  numbers: { age: Float64Array.of(30, NaN, 0.5) },
};

Deno.test("headOf() and describeAtlas() say what is in an atlas of three cells", () =>
  withFolder(async (folder) => {
    const manifest = await run(writeAtlas(join(folder, "a"), inputOf(THREE, 4)));
    const head = await run(headOf(join(folder, "a"), 2));
    assertSame(head.map(({ cell, genes, total }) => [cell, genes, total]), [[0, 2, 7], [1, 0, 0]]);
    assertSame(head[0].top, [{ gene: "G3", value: 5 }, { gene: "G1", value: 2 }]);
    assertSame([head[0].obs.cell_type, head[0].obs.age], ["T cell", 30]);
    assertSame([head[1].obs.cell_type, head[1].obs.age], [undefined, undefined]);
    equal((await run(headOf(join(folder, "a"), 99))).length, 3);

    const description = await run(describeAtlas(join(folder, "a")));
    assertSame([description.cells, description.genes, description.rowGroups], [3, 4, 1]);
    assertSame(description.columns[0], {
      name: "cell_type",
      categories: [{ name: "B cell", cells: 0 }, { name: "T cell", cells: 2 }, {
        name: "",
        cells: 0,
      }],
      missing: 1,
    });
    equal(description.bytes, manifest.shards[0].bytes);
    equal(await run(verifyAtlas(join(folder, "a"))), 3);
  }));

/** What is wrong with cells, and words of the sentence about it. */
const FAULTS: Readonly<Record<string, readonly [Partial<AtlasBatch>, RegExp]>> = {
  "a gene that comes twice": [{ genes: Uint32Array.of(3, 3, 0, 1, 2) }, /cell 0.*gene 3 twice/],
  "a gene outside the vocabulary": [{ genes: Uint32Array.of(3, 1, 0, 1, 4) }, /cell 2.*gene 4 of/],
  "a zero": [{ values: Float32Array.of(5, 2, 1, 0, 4) }, /cell 2.*gene 1 has the value 0/],
  "a fraction": [
    { values: Float32Array.of(5, 2.5, 1, 9, 4) },
    /cell 0.*2\.5, which is not a count/,
  ],
  "a negative count": [{ values: Float32Array.of(5, -2, 1, 9, 4) }, /not a count/],
  "no number": [{ values: Float32Array.of(5, NaN, 1, 9, 4) }, /value NaN/],
  "an unknown code": [
    { obs: { ...THREE.obs, "a.b": Int32Array.of(0, 1, 0) } },
    /cell 1.*code 1 in column "a\.b"/,
  ],
};

for (const [fault, [wrong, words]] of Object.entries(FAULTS)) {
  Deno.test(`writeAtlas() refuses ${fault} and leaves nothing behind`, () =>
    withFolder(async (folder) => {
      const writing = writeAtlas(
        join(folder, "a"),
        inputOf({ ...THREE, ...wrong }, 4, { size: 1 }),
      );
      match((await run(Effect.flip(writing))).message, words);
      assertSame(readdirSync(folder), []);
    }));
}

Deno.test("writeAtlas() refuses names that it cannot keep apart, and an atlas without cells", () =>
  withFolder(async (folder) => {
    const refusal = async (more: Partial<AtlasInput>, words: RegExp) => {
      const writing = writeAtlas(join(folder, "a"), inputOf(THREE, 4, more));
      match((await run(Effect.flip(writing))).message, words);
      assertSame(readdirSync(folder), []);
    };
    const [first] = COLUMNS;
    await refusal({ vocabulary: { symbols: ["A", "B", "A", "C"] } }, /gene "A".*twice/);
    await refusal({ vocabulary: { symbols: ["A", "B\nC", "D", "E"] } }, /one line/);
    await refusal({ columns: [{ name: "counts", categories: [] }] }, /column "counts".*taken/);
    await refusal({ columns: [...COLUMNS, first] }, /column "cell_type".*twice/);
    await refusal({ columns: [{ name: "k", categories: ["x", "x"] }] }, /category of column "k"/);
    await refusal({ batches: (async function* () {})() }, /no cells/);
  }));

Deno.test("writeAtlas() refuses a folder that is not empty, and fills an empty one", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a");
    mkdirSync(path);
    await run(writeAtlas(path, inputOf(THREE, 4)));
    const before = readdirSync(path);
    const again = await run(Effect.flip(writeAtlas(path, inputOf(THREE, 4))));
    match(again.message, /^Cannot write atlas ".*": the folder is not empty/);
    assertSame(readdirSync(path), before);
    assertSame(readdirSync(folder), ["a"]);
  }));

Deno.test("writeAtlas() passes on what the batches throw, and leaves nothing behind", () =>
  withFolder(async (folder) => {
    const failing = (cause: unknown) =>
      writeAtlas(
        join(folder, "a"),
        inputOf(THREE, 4, {
          batches: (async function* () {
            yield THREE;
            throw cause;
          })(),
        }),
      );
    const fault = new InputError({ message: "Cannot read it" });
    equal(await run(Effect.flip(failing(fault))), fault);
    await rejects(run(failing(new TypeError("a mistake"))), TypeError);
    assertSame(readdirSync(folder), []);
  }));

Deno.test("writeAtlas() ends the batches and leaves nothing behind when it is interrupted", () =>
  withFolder(async (folder) => {
    let ended = 0, given = 0;
    const batches = async function* () {
      try {
        for (;;) {
          given++;
          yield THREE;
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      } finally {
        ended++;
      }
    };
    await run(Effect.gen(function* () {
      const writing = yield* Effect.forkChild(
        writeAtlas(join(folder, "a"), inputOf(THREE, 4, { batches: batches() })),
      );
      while (given < 3) yield* Effect.sleep(1);
      equal(readdirSync(folder).length, 1);
      yield* Fiber.interrupt(writing);
    }));
    assertSame(readdirSync(folder), []);
    // The interruption does not wait for what the batches are waiting for.
    while (ended === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    equal(ended, 1);
  }));

Deno.test("openAtlas() refuses what is not an atlas, or no longer the one that was written", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a");
    const refusal = async (words: RegExp) => {
      const error = await run(Effect.flip(Effect.scoped(openAtlas(path))));
      match(error.message, words);
      ok(error instanceof InputError && !/[\n]|\.$/.test(error.message), error.message);
    };
    await refusal(/Cannot open atlas ".*": there is no such file or folder/);
    mkdirSync(path);
    await refusal(/it has no atlas\.json/);
    const manifest = await run(writeAtlas(path, inputOf(THREE, 4)));
    const write = (manifest: unknown) =>
      writeFileSync(join(path, "atlas.json"), JSON.stringify(manifest));

    writeFileSync(join(path, "atlas.json"), "{");
    await refusal(/not JSON/);
    write({ ...manifest, version: 2 });
    await refusal(/version/);
    const [shard] = manifest.shards;
    for (const file of ["../a/cells-00000.parquet", "/etc/passwd", "..", "a\\b", ".hidden", ""]) {
      write({ ...manifest, shards: [{ ...shard, file }] });
      await refusal(/"shards\.0\.file".*plain file name/);
      write({ ...manifest, vocabulary: { ...manifest.vocabulary, file } });
      await refusal(/"vocabulary\.file".*plain file name/);
    }
    write({ ...manifest, cells: 4 });
    await refusal(/claims 4 cells/);
    write({ ...manifest, cells: 4, shards: [{ ...shard, rows: 4 }] });
    await refusal(/shard "cells-00000\.parquet": it holds 3 of 4 cells/);
    write({ ...manifest, columns: [{ name: "age", categories: [] }], numbers: ["age"] });
    await refusal(/column "age".*twice/);
    write({ ...manifest, numbers: ["height"] });
    await refusal(/no column "height"/);
    write(manifest);
    writeFileSync(join(path, "vocabulary.txt"), "G0\nG1\nG2\nG4\n");
    await refusal(/vocabulary\.txt is not the vocabulary/);
    writeFileSync(join(path, "vocabulary.txt"), "G0\nG1\nG2\nG3\n");
    await run(Effect.scoped(openAtlas(path)));
    truncateSync(join(path, shard.file), shard.bytes - 1);
    await refusal(/shard "cells-00000\.parquet": it has \d+ of \d+ bytes/);
  }));

Deno.test("verifyAtlas() notices a flipped bit anywhere in a shard", () =>
  withFolder(async (folder) => {
    const { shards: [{ file }] } = await run(writeAtlas(join(folder, "a"), inputOf(THREE, 4)));
    const bytes = readFileSync(join(folder, "a", file));
    // The name of the program that wrote it: nobody reads that.
    bytes[bytes.lastIndexOf("gil")] ^= 1;
    writeFileSync(join(folder, "a", file), bytes);
    const error = await run(Effect.flip(verifyAtlas(join(folder, "a"))));
    match(error.message, /shard "cells-00000\.parquet": its bytes are not those/);
  }));

Deno.test("read() names what it does not know and what is near", () =>
  withFolder(async (folder) => {
    await run(writeAtlas(join(folder, "a"), inputOf(THREE, 4)));
    await run(
      Effect.scoped(
        Effect.flatMap(openAtlas(join(folder, "a")), (atlas) =>
          Effect.promise(async () => {
            const request = { batch: 9, order: "stored" } as const;
            const reading = (more: object) => readAll(atlas, { ...request, ...more });
            await rejects(reading({ columns: ["cel_type"] }), {
              message: 'Cannot find column "cel_type": did you mean "cell_type"?',
            });
            await rejects(reading({ where: { cell_type: "T cel" } }), {
              message:
                'Cannot find category "T cel" of column "cell_type": did you mean "T cell" or "B cell"?',
            });
            const cells = await reading({ where: { cell_type: "T cell" }, columns: [] });
            assertSame(cells, { ...selectCells(asStored(THREE), [0, 2]), obs: {} });
            equal(concatCells([cells]), cells);
          })),
      ),
    );
  }));
