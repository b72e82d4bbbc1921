import { equal, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "../core/errors.ts";
import { addCategories, codesOf, inOrder } from "../streams/foreign/categories.ts";
import { LEFT_OUT, UNKNOWN } from "../streams/foreign/foreign_layout.ts";
import { tokensOf } from "../streams/foreign/read_tokens.ts";
import { quickRows } from "../streams/foreign/quick_rows.ts";
import { type TokenLists, translator } from "../streams/foreign/translate.ts";
import { openCheckKernel } from "../streams/reading/staging/check_kernel.ts";
import { assertSame } from "./first_difference.ts";

/** Rows of tokens and of values behind some entries that belong to rows before. */
function listsOf(
  tokens: readonly (readonly number[])[],
  values: readonly (readonly number[])[],
  before = 0,
): TokenLists {
  const offsets = (rows: readonly (readonly number[])[]) => {
    const all = Uint32Array.from({ length: rows.length + 1 }, () => before);
    rows.forEach((row, i) => all[i + 1] = all[i] + row.length);
    return all;
  };
  return {
    offsets: offsets(tokens),
    others: offsets(values),
    genes: Uint32Array.of(...Array(before).fill(9), ...tokens.flat()),
    values: Float32Array.of(...Array(before).fill(9), ...values.flat()),
  };
}

Deno.test("translator() gives what a table of tokens says, row by row", () => {
  const gene = fc.constantFrom(LEFT_OUT, 0, 1, 2, 3, 4, 5);
  const tokens = fc.uniqueArray(gene, { selector: (gene) => gene < 0 ? {} : gene, minLength: 1 });
  const cells = tokens.chain((tokens) => {
    const entry = fc.tuple(fc.nat(tokens.length - 1), fc.nat(3));
    const cell = fc.array(entry, { maxLength: 5 });
    return fc.tuple(
      fc.constant(tokens),
      fc.array(fc.array(cell, { maxLength: 5 }), { maxLength: 3 }),
    );
  });
  const vocabulary = { symbols: [..."ABCDEF"] };
  fc.assert(
    fc.property(cells, fc.nat(3), ([tokens, batches], before) => {
      const translate = translator({
        tokens: Int32Array.from(tokens),
        vocabulary,
        scale: "counts",
      });
      for (const rows of batches) {
        const lists = listsOf(
          rows.map((row) => row.map(([token]) => token)),
          rows.map((row) => row.map(([, value]) => value)),
          before,
        );
        const fault = translate(lists, { from: 0, to: rows.length });
        const named = rows.map((row) =>
          row.map(([token]) => tokens[token]).filter((gene) => gene >= 0)
        );
        const wrong = named.findIndex((genes) => new Set(genes).size < genes.length);
        equal(fault?.row, wrong < 0 ? undefined : wrong);
        rows.slice(0, fault?.row).forEach((row, i) => {
          const expected = row.map(([token, value]) => [tokens[token], value])
            .filter(([gene, value]) => gene >= 0 && value > 0);
          const [from, to] = [lists.offsets[i], lists.offsets[i + 1]];
          assertSame([...lists.genes.subarray(from, to)], expected.map(([gene]) => gene));
          assertSame([...lists.values.subarray(from, to)], expected.map(([, value]) => value));
        });
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("translator() gives the same whether rows are cells as they lie or have to be looked at", () => {
  const value = fc.oneof(
    { weight: 30, arbitrary: fc.integer({ min: 1, max: 9 }) },
    fc.constantFrom(0, 1.5, -1, NaN, 2 ** 32, 2 ** 31, 1e-40),
  );
  const row = fc.uniqueArray(fc.integer({ min: 0, max: 13 }), { maxLength: 9 })
    .chain((tokens) => fc.tuple(fc.constant(tokens.sort((a, b) => a - b)), listOf(tokens.length)))
    .chain(([tokens, values]) =>
      fc.tuple(fc.constantFrom(tokens, tokens, tokens, tokens.toReversed()), fc.constant(values))
    );
  function listOf(length: number) {
    return fc.array(value, { minLength: length, maxLength: length });
  }
  let quick = 0;
  fc.assert(
    fc.property(
      fc.array(row, { maxLength: 5 }),
      fc.nat(2),
      fc.constantFrom("counts" as const, "log1p" as const),
      (rows, first, scale) => {
        const tokens = Int32Array.from(
          { length: 12 },
          (_, token) => token < first ? LEFT_OUT : token === 11 ? UNKNOWN : token - first,
        );
        const mapping = { tokens, vocabulary: { symbols: [..."ABCDEFGHIJK"] }, scale };
        // A row now and then has a value too few.
        const cut = (values: readonly number[]) => values.at(-1) === 9 ? values.slice(1) : values;
        const long = listsOf(
          rows.map(([tokens]) => tokens),
          rows.map(([, values]) => cut(values)),
          3,
        );
        const short = {
          ...long,
          offsets: long.offsets.slice(),
          genes: Uint16Array.from(long.genes),
          values: long.values.slice(),
        };
        const all = { from: 0, to: rows.length };
        if (quickRows(mapping)({ ...short, genes: short.genes.slice() }, all)) quick++;
        const fault = translator(mapping)(long, all);
        assertSame(translator(mapping)(short, all), fault);
        if (fault) return;
        assertSame(short.offsets, long.offsets);
        const end = long.offsets[rows.length];
        assertSame([...short.genes.subarray(3, end)], [...long.genes.subarray(3, end)]);
        assertSame(short.values.subarray(3, end), long.values.subarray(3, end));
      },
    ),
    { numRuns: 2000 },
  );
  ok(quick > 0);
});

Deno.test("areValues() equals a loop, wherever a value is none", () => {
  const { areValues } = openCheckKernel()!, none = new Float32Array(2 ** 13).fill(-1);
  const odd = fc.constantFrom(0, -0, -1, NaN, Infinity, 2 ** 32, 0.5, 1, 2 ** 31, 1e-45, 8_388_609);
  const length = fc.oneof(fc.nat(20), fc.integer({ min: 2 ** 13 - 3, max: 2 ** 13 + 9 }));
  const scale = fc.constantFrom("counts" as const, "log1p" as const);
  fc.assert(fc.property(length, fc.nat(3), fc.nat(), odd, scale, (length, from, at, odd, scale) => {
    const values = new Float32Array(from + length + 4).fill(3);
    // What lies around them is of no matter.
    values.fill(-1, 0, from).fill(-1, from + length);
    if (length > 0) values[from + at % length] = odd;
    const isValue = (value: number) =>
      value > 0 && value < 2 ** 32 && (scale === "log1p" || Number.isInteger(value));
    const expected = values.subarray(from, from + length).every(isValue);
    equal(areValues(none, { from: 0, to: none.length, scale }), false);
    equal(areValues(values, { from, to: from + length, scale }), expected);
  }));
});

Deno.test("translator() takes the same gene in the next row, and in the next call", () => {
  const vocabulary = { symbols: ["A"] }, rows = { from: 0, to: 2 };
  const translate = translator({ tokens: Int32Array.of(0), vocabulary, scale: "counts" });
  const once = () => listsOf([[0], [0]], [[1], [1]]);
  equal(translate(once(), rows), undefined);
  equal(translate(once(), rows), undefined);
  assertSame(translate(listsOf([[0], [0, 0]], [[1], [1, 0]]), rows), {
    row: 1,
    why: 'it names gene "A" twice',
  });
});

Deno.test("tokensOf() reads ids by symbol, or a symbol a line", () => {
  const read = (text: string, firstGene = 0) => {
    const { tokens, vocabulary } = tokensOf(text, firstGene, "Cannot read");
    return [[...tokens], vocabulary.symbols];
  };
  assertSame(read('{"B": 1, "A": 3, "<cls>": 0}'), [[LEFT_OUT, 0, UNKNOWN, 1], ["B", "A"]]);
  assertSame(read("B\r\nA\n\n", 2), [[LEFT_OUT, LEFT_OUT, 0, 1], ["B", "A"]]);
  assertSame(read('{"x": 0, "A": 1}', 1), [[LEFT_OUT, 0], ["A"]]);
});

for (
  const [text, why] of [
    ["", /it has no gene/],
    ['{"<pad>": 0}', /it has no gene/],
    ['{"A": 0', /it is not JSON/],
    ['["A"]', /it is no object of ids by symbol/],
    ['{"A": 0, "B": 0}', /the id 0 has two symbols/],
    ['{"A": -1}', /"A" has the id -1, which is no integer from 0/],
    ['{"A": 1e300}', /"A" has the id 1e\+300/],
    ['{"A": "1"}', /"A" has the id "1"/],
    ["A\nA\n", /"A": the name is there twice/],
    ["A\n\nB\n", /a symbol must not be empty/],
  ] as const
) {
  Deno.test(`tokensOf() refuses ${JSON.stringify(text)}`, () => {
    throws(
      () => tokensOf(text, 0, "Cannot read"),
      (error: unknown) => error instanceof InputError && why.test(error.message),
    );
  });
}

Deno.test("addCategories() and codesOf() agree, whatever the type", () => {
  const value = fc.constantFrom(NaN, -1, 0, 1, 10, 9);
  fc.assert(fc.property(fc.array(value), fc.array(value), (one, other) => {
    const parts = [one, other].map((values) => ({
      kind: "numbers" as const,
      values: Float64Array.from(values),
    }));
    const known = new Set<string>();
    for (const part of parts) addCategories(known, part);
    const categories = inOrder(known), codebook = new Map(categories.map((each, c) => [each, c]));
    assertSame(categories, categories.toSorted((a, b) => Number(a) - Number(b)));
    for (const part of parts) {
      const codes = codesOf(part, codebook);
      assertSame(
        Array.from(codes, (code) => code < 0 ? NaN : Number(categories[code])),
        part.values,
      );
    }
  }));
  const texts = { kind: "texts", codes: Int32Array.of(1, -1), texts: ["unused", "b"] } as const;
  const known = new Set<string>();
  addCategories(known, texts);
  assertSame([...known], ["b"]);
  assertSame([...codesOf(texts, new Map([["b", 4]]))], [4, -1]);
});

Deno.test("addCategories() refuses what are no labels", () => {
  const values = Float64Array.from({ length: 2 ** 16 + 1 }, (_, i) => i);
  throws(() => addCategories(new Set(), { kind: "numbers", values }), /more than 65536 categories/);
  const half = Float64Array.of(0.5);
  throws(() => addCategories(new Set(), { kind: "numbers", values: half }), /0\.5 is no category/);
});
