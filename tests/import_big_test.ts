import { join } from "node:path";
import { Effect } from "effect";
import fc from "fast-check";
import * as h5 from "h5wasm/node";
import { openInput } from "../streams/import/open_input.ts";
import { type Entries, rowsByPasses } from "../streams/import/passes.ts";
import { doubles } from "../streams/import/stored.ts";
import { withFolder } from "./atlas_folder.ts";
import { assertSame } from "./first_difference.ts";

await h5.ready;

/** What a matrix holds at a place; most places are empty, and some cells have much more than others. */
function countAt(cell: number, gene: number): number {
  const spread = cell % 50 === 0 ? 3 : 37;
  return (cell * 31 + gene * 17) % spread === 0 ? 1 + (cell + gene) % 9 : 0;
}

/** A matrix gene by gene, which counts how often it is read. */
function byGene(cells: number, genes: number): { entries: Entries; passes: () => number } {
  const rows: number[] = [], columns: number[] = [], values: number[] = [];
  for (let gene = 0; gene < genes; gene++) {
    for (let cell = 0; cell < cells; cell++) {
      const value = countAt(cell, gene);
      if (value === 0) continue;
      rows.push(cell);
      columns.push(gene);
      values.push(value);
    }
  }
  let passes = 0;
  const block = { length: rows.length, cells: rows, genes: columns, values };
  async function* once() {
    yield await Promise.resolve(block);
  }
  const blocks = () => {
    passes++;
    return once();
  };
  return { entries: { cells, places: once, blocks }, passes: () => passes };
}

Deno.test("rowsByPasses() holds no more entries than it may, and reads as often as that takes", async () => {
  const cells = 400, genes = 60;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 60, max: 3000 }), fc.nat(cells), async (held, from) => {
      const { entries, passes } = byGene(cells, genes);
      const buffers = new Set<ArrayBufferLike>();
      let cell = from, all = 0;
      for await (const rows of rowsByPasses(entries, { batch: 64, from, held })) {
        if (rows.values.length > 0) buffers.add(rows.values.buffer);
        assertSame(rows.first, cell);
        for (let i = 0; i + 1 < rows.offsets.length; i++, cell++) {
          const found: [number, number][] = [];
          for (let e = rows.offsets[i]; e < rows.offsets[i + 1]; e++) {
            found.push([rows.columns[e], rows.values[e]]);
          }
          const expected = Array.from({ length: genes }, (_, gene) => [gene, countAt(cell, gene)])
            .filter(([, count]) => count > 0);
          assertSame(found, expected);
          all += found.length;
        }
      }
      assertSame(cell, cells);
      // No cell has more than 60 entries, so every pass but the last collects more than held - 60.
      for (const { byteLength } of buffers) assertSame(byteLength <= 8 * held, true);
      assertSame(buffers.size <= 1, true);
      assertSame(passes() <= 1 + all / (held - 59), true);
      assertSame(passes() >= all / held, true);
    }),
    { numRuns: 20 },
  );
});

Deno.test("rowsByPasses() can be left after every block of a pass", async () => {
  let read = 0;
  async function* blocks() {
    for (let gene = 0; gene < 8; gene++) {
      read++;
      yield await Promise.resolve({ length: 1, cells: [0], genes: [gene], values: [1] });
    }
  }
  const entries = { cells: 1, places: blocks, blocks };
  for (const left of [1, 8, 9, 16]) {
    read = 0;
    let come = 0;
    for await (const { offsets } of rowsByPasses(entries, { batch: 64, from: 0, held: 64 })) {
      assertSame(offsets.length, 1);
      if (++come === left) break;
    }
    assertSame(read, left);
  }
});

Deno.test("openInput() reads a long h5ad in packed chunks with 64-bit borders, from any row on", () =>
  withFolder(async (folder) => {
    const cells = 120_000, genes = 40, path = join(folder, "long.h5ad");
    const big = (of: (i: number) => number, length: number) =>
      BigInt64Array.from({ length }, (_, i) => BigInt(of(i)));
    const file = new h5.File(path, "w"), X = file.create_group("X");
    X.create_attribute("encoding-type", "csr_matrix");
    X.create_attribute("shape", BigInt64Array.of(BigInt(cells), BigInt(genes)));
    const packed = (length: number) => ({
      compression: "gzip" as const,
      chunks: [Math.min(length, 5000)],
    });
    const write = (name: string, data: BigInt64Array | Float32Array) =>
      X.create_dataset({ name, data, ...packed(data.length) });
    // Cell i has the entry i % 40 with the count 1 + i % 7, and every fourth cell none.
    const row = (entry: number) => Math.floor(entry / 3) * 4 + entry % 3;
    const entries = cells / 4 * 3;
    write("data", Float32Array.from({ length: entries }, (_, e) => 1 + row(e) % 7));
    write("indices", big((e) => row(e) % genes, entries));
    write("indptr", big((i) => Math.floor(i / 4) * 3 + Math.min(i % 4, 3), cells + 1));
    for (const [name, rows] of [["obs", cells], ["var", genes]] as const) {
      const table = file.create_group(name);
      table.create_attribute("_index", "_index");
      const index = Int32Array.from({ length: rows }, (_, i) => i);
      table.create_dataset({ name: "_index", data: index });
      if (name === "obs") table.create_dataset({ name: "place", data: index, ...packed(rows) });
    }
    file.close();
    await Effect.runPromise(Effect.scoped(Effect.flatMap(
      openInput(path, { matrix: "X", categories: [] }),
      (matrix) =>
        Effect.promise(async () => {
          const [place] = matrix.obs;
          for (const from of [0, 99_998, cells]) {
            let cell = from;
            for await (const { first, offsets, columns, values } of matrix.rows(1000, from)) {
              const end = first + offsets.length - 1;
              const places = "numbers" in place ? place.numbers(first, end) : [];
              for (let i = 0; i + 1 < offsets.length; i++, cell++) {
                const held = offsets[i + 1] - offsets[i], at = offsets[i];
                const same = places[i] === cell && held === (cell % 4 === 3 ? 0 : 1) &&
                  (held === 0 || columns[at] === cell % genes && values[at] === 1 + cell % 7);
                if (!same) throw new RangeError(`cell ${cell} is another one`);
              }
            }
            assertSame(cell, cells);
          }
        }),
    )));
  }));

Deno.test("doubles() gives the whole numbers that doubles hold, of either sign", () => {
  fc.assert(
    fc.property(
      fc.array(fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n })),
      (numbers) => {
        const expected = numbers.map(Number);
        assertSame(Array.from(doubles(BigInt64Array.from(numbers))), expected);
        const positive = numbers.map((number) => number < 0n ? -number : number);
        assertSame(Array.from(doubles(BigUint64Array.from(positive))), positive.map(Number));
      },
    ),
  );
});
