import { throws } from "node:assert/strict";
import { join as path } from "node:path";
import { Effect } from "effect";
import fc from "fast-check";
import { decode } from "../core/decode.ts";
import type { CountMatrix } from "../streams/import/count_matrix.ts";
import { ImportOptions } from "../streams/import/import_options.ts";
import { join } from "../streams/import/join.ts";
import { joinColumns } from "../streams/import/join_columns.ts";
import { joinGenes } from "../streams/import/join_genes.ts";
import { mergingRows } from "../streams/import/merge_rows.ts";
import { withFolder } from "./atlas_folder.ts";
import { simple, tenx, writeFolder, writeH5ad } from "./data_files.ts";
import { assertClose, assertSame } from "./first_difference.ts";
import { cellsOf, imported, refusal } from "./imported.ts";

const symbolLists = fc.array(
  fc.array(fc.constantFrom("", "A", "B", "a", "Z", "É"), { maxLength: 6 }),
  {
    minLength: 1,
    maxLength: 3,
  },
).map((lists) => lists.map((symbols, i) => ({ name: `d${i}`, symbols })));

Deno.test("joinGenes() gives every column the gene of its symbol, symbols in code-point order", () => {
  fc.assert(fc.property(symbolLists, (inputs) => {
    const { vocabulary, ids } = joinGenes(inputs, { duplicates: "sum" });
    const all = inputs.flatMap(({ symbols }) => symbols).filter((symbol) => symbol !== "");
    assertSame(vocabulary.symbols, [...new Set(all)].sort());
    inputs.forEach(({ symbols }, i) =>
      assertSame(Array.from(ids[i], (id) => vocabulary.symbols[id] ?? ""), symbols)
    );
  }));
});

Deno.test("joinGenes() keeps the first of equal symbols, or refuses, as asked", () => {
  const inputs = [{ name: "d", symbols: ["B", "A", "B", "B"] }];
  assertSame([...joinGenes(inputs, { duplicates: "first" }).ids[0]], [1, 0, -1, -1]);
  assertSame([...joinGenes(inputs, { duplicates: "sum" }).ids[0]], [1, 0, 1, 1]);
  throws(() => joinGenes(inputs, { duplicates: "refuse" }), {
    message:
      'Cannot join "d": several columns have the same symbol (B); --duplicates sum adds them up, --duplicates first keeps the first',
  });
  assertSame(joinGenes(inputs, { duplicates: "refuse", genes: ["A"] }).vocabulary.symbols, ["A"]);
});

Deno.test("joinGenes() takes the genes asked for in their order and says which are nowhere", () => {
  const inputs = [{ name: "d", symbols: ["B", "A"] }, { name: "e", symbols: ["A"] }];
  const plan = joinGenes(inputs, { duplicates: "sum", genes: ["X", "B", "A"] });
  assertSame(plan.vocabulary.symbols, ["X", "B", "A"]);
  assertSame(plan.ids.map((ids) => [...ids]), [[1, 2], [2]]);
  assertSame(plan.notes, [
    "d: genes absent: 1 of 3",
    "e: genes absent: 2 of 3",
    "genes asked for that no input has: 1 (X)",
  ]);
});

Deno.test("mergingRows() gives each cell its genes once, as they come, with the sum of their columns", () => {
  const columns = fc.array(fc.tuple(fc.nat(5), fc.nat(3)), { maxLength: 8 });
  const ids = Int32Array.of(40, -1, 2, 40, 0, 31), genes = 41;
  const batches = fc.array(columns, { minLength: 1, maxLength: 4 });
  const merge = mergingRows(ids, genes, "counts");
  fc.assert(fc.property(batches, fc.nat(3), (cells, left) => {
    const offsets = new Uint32Array(cells.length + 1);
    cells.forEach((cell, i) => offsets[i + 1] = offsets[i] + cell.length);
    const flat = cells.flat(), first = Math.min(left, cells.length - 1);
    const merged = merge({
      offsets: offsets.subarray(first),
      columns: Uint32Array.from(flat, ([column]) => column),
      values: Float64Array.from(flat, ([, value]) => value),
    });
    cells.slice(first).forEach((cell, i) => {
      const sums = new Map<number, number>();
      for (const [column, value] of cell) {
        if (value > 0 && ids[column] >= 0) {
          sums.set(ids[column], (sums.get(ids[column]) ?? 0) + value);
        }
      }
      const order = [...sums.keys()];
      const [from, to] = [merged.offsets[i], merged.offsets[i + 1]];
      assertSame([...merged.genes.subarray(from, to)], order);
      assertSame([...merged.values.subarray(from, to)], order.map((gene) => sums.get(gene)));
    });
  }));
});

Deno.test("mergingRows() adds logarithms as the counts behind them", () => {
  const { values } = mergingRows(Int32Array.of(0, 0), 1, "log1p")({
    offsets: Uint32Array.of(0, 2),
    columns: Uint32Array.of(0, 1),
    values: Float64Array.of(Math.log1p(3), Math.log1p(5)),
  });
  assertClose([...values], [Math.log1p(8)], { relative: 1e-6 });
});

const coded = (name: string, categories: string[], codes: number[]) => ({
  name,
  categories,
  codes: (from: number, to: number) => Int32Array.from(codes.slice(from, to)),
});

Deno.test("joinColumns() unites categories by name; an empty text is none", () => {
  const plan = joinColumns([
    { name: "d", obs: [coded("type", ["T", "", "B"], [2, 1, 0])] },
    { name: "e", obs: [coded("type", ["NK", "B"], [1, -1]), coded("genes", ["g"], [0, 0])] },
  ]);
  assertSame(plan.columns, [
    { name: "type", categories: ["T", "B", "NK"] },
    { name: "obs_genes", categories: ["g"] },
    { name: "dataset", categories: ["d", "e"] },
  ]);
  const codes = (i: number, n: number) => Object.values(plan.read(i, 0, n).obs).map((c) => [...c]);
  assertSame(codes(0, 3), [[1, -1, 0], [-1, -1, -1], [0, 0, 0]]);
  assertSame(codes(1, 2), [[1, -1], [0, 0], [1, 1]]);
});

Deno.test("joinColumns() calls a column whose name the atlas needs by one that is free", () => {
  const names = ["dataset", "obs_dataset", "obs_obs_dataset", "counts"];
  const obs = names.map((name) => coded(name, [name], [0]));
  const { columns, notes } = joinColumns([{ name: "d", obs }]);
  assertSame(columns.map(({ name, categories }) => [name, ...categories]), [
    ["obs_obs_obs_dataset", "dataset"],
    ["obs_dataset", "obs_dataset"],
    ["obs_obs_dataset", "obs_obs_dataset"],
    ["obs_counts", "counts"],
    ["dataset", "d"],
  ]);
  assertSame(notes, [
    'column "dataset" is called "obs_obs_obs_dataset": the atlas needs the name',
    'column "counts" is called "obs_counts": the atlas needs the name',
  ]);
  const asked = joinColumns([{ name: "d", obs }], ["dataset"]);
  assertSame(asked.columns.map(({ name }) => name), ["obs_dataset", "dataset"]);
});

Deno.test("joinColumns() refuses numbers beside categories, and columns that no input has", () => {
  const numeric = { name: "type", numbers: () => Float64Array.of(1) };
  const inputs = [
    { name: "d", obs: [coded("type", ["T"], [0])] },
    { name: "e", obs: [numeric] },
  ];
  throws(() => joinColumns(inputs), {
    message:
      'Cannot join column "type": it holds numbers in "e" and categories in "d"; --categories type reads both as categories',
  });
  throws(() => joinColumns(inputs, ["tpye"]), {
    message: 'Cannot keep column "tpye": no input has it; did you mean "type"?',
  });
});

Deno.test("join() numbers the cells through all inputs and begins where it is told", async () => {
  const matrix = (cells: number): CountMatrix => ({
    path: "memory",
    cells,
    symbols: ["A"],
    obs: [],
    others: [],
    provenance: "memory",
    notes: [],
    async *rows() {
      for (let first = 0; first < cells; first++) {
        const one = { columns: Uint32Array.of(0), values: Float64Array.of(first + 1) };
        yield await Promise.resolve({ first, offsets: Uint32Array.of(0, 1), ...one });
      }
    },
  });
  const inputs = [{ name: "d", matrix: matrix(2) }, { name: "e", matrix: matrix(3) }];
  const options = await Effect.runPromise(decode(ImportOptions, {}, "Cannot import"));
  const joined = join(inputs, options);
  const seen = async (from: number) => {
    const cells: number[][] = [];
    for await (const { first, values, obs } of joined.rows(from)) {
      cells.push([first, values[0], obs.dataset[0]]);
    }
    return cells;
  };
  const all = [[0, 1, 0], [1, 2, 0], [2, 1, 1], [3, 2, 1], [4, 3, 1]];
  for (let from = 0; from <= 5; from++) assertSame(await seen(from), all.slice(from));
  assertSame(joined.cells, 5);
});

Deno.test("join() passes on that a reader has no cell yet, so that an import can be interrupted", async () => {
  const none = { first: 0, columns: new Uint32Array(0), values: new Float64Array(0) };
  const matrix: CountMatrix = {
    path: "memory",
    cells: 1,
    symbols: ["A"],
    obs: [{ name: "type", categories: ["T"], codes: (from, to) => new Int32Array(to - from) }],
    others: [],
    provenance: "memory",
    notes: [],
    async *rows() {
      yield await Promise.resolve({ ...none, offsets: Uint32Array.of(0) });
      yield { ...none, offsets: Uint32Array.of(0, 0) };
    },
  };
  const options = await Effect.runPromise(decode(ImportOptions, {}, "Cannot import"));
  const sizes: number[] = [];
  for await (const { offsets, obs } of join([{ name: "d", matrix }], options).rows(0)) {
    assertSame(obs.type.length, offsets.length - 1);
    sizes.push(obs.type.length);
  }
  assertSame(sizes, [0, 1]);
});

Deno.test("importAtlas() joins files and folders, one input after the other", () =>
  withFolder(async (folder) => {
    const first = writeH5ad(
      path(folder, "first.h5ad"),
      simple([[1, 2, 0], [0, 0, 0], [0, 3, 4]], ["C", "A", "C"]),
    );
    const second = writeFolder(path(folder, "10x"), {
      ...tenx([[5, 6]], ["B", "A"]),
      "cells.tsv": ["barcode\ttype", "c0\tT"],
    });
    const result = await imported([first, `second=${second}`]);
    const { symbols, obs, notes } = result;
    assertSame(symbols, ["A", "B", "C"]);
    assertSame(cellsOf(result), [{ A: 2, C: 1 }, {}, { A: 3, C: 4 }, { A: 6, B: 5 }]);
    assertSame(obs, {
      type: [undefined, undefined, undefined, "T"],
      dataset: ["first", "first", "first", "second"],
    });
    assertSame(notes, [
      "first: values from X, symbols from var/_index",
      "second: values from matrix.mtx.gz, symbols from features.tsv.gz, its column 2",
      "first: symbols of several columns: 1 (C); the columns are summed",
      "first: genes absent: 1 of 3",
      "second: genes absent: 1 of 3",
      "cells without an expressed gene: 1; they are kept",
    ]);
    assertSame(
      await refusal([first, `first=${second}`]),
      `Cannot import "${second}": another input is called "first" too; call it <name>=${second}`,
    );
  }));
