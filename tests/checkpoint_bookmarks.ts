/**
 * Bookmarks to keep: any at all, and a small one for each number.
 *
 * @module
 */

import fc from "fast-check";
import type { CellBatch } from "../core/batch.ts";
import { type Layout, layoutOf } from "../core/model/program.ts";
import type { Bookmark } from "../streams/checkpoint/bookmark.ts";
import type { Identity } from "../streams/checkpoint/identity.ts";

/** Genes of the vocabulary that bookmarks here remember cells with. */
const GENES = 50;

/** What bookmarks of a layout belong to, with changes. */
export const identityOf = (layout: Layout, change: Partial<Identity> = {}): Identity => ({
  experiment: { name: "small", training: { rate: 0.002, epochs: [1, 2] }, seeds: [1] },
  atlas: { cells: 240, genes: GENES, sha256: "0".repeat(64) },
  engine: "cpu (fp32, 1 thread)",
  versions: { gil: "0.1.0" },
  plugins: {},
  layout,
  ...change,
});

/** Names that are someone's trap: of JSON, of objects, of paths. */
const name = fc.oneof(
  fc.constantFrom(
    "__proto__",
    "constructor",
    "a/b",
    "../a",
    "0",
    "teacher/x",
    "firstMoment/",
    "é\n",
  ),
  fc.string({ unit: "grapheme" }).filter((name) => name !== "__metadata__"),
);

/** Numbers of any kind: with signs of zero, infinities, and NaN in all its bit patterns. */
const numbers = (length: number): fc.Arbitrary<Float32Array> =>
  fc.oneof(
    fc.float32Array({ minLength: length, maxLength: length }),
    fc.array(fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 1e-45), {
      minLength: length,
      maxLength: length,
    }).map((values) => Float32Array.from(values)),
    fc.uint32Array({ minLength: length, maxLength: length })
      .map((bits) => new Float32Array(bits.slice().buffer)),
  );

const anyLayout = fc.uniqueArray(
  fc.record({ name, shape: fc.array(fc.nat(3), { maxLength: 3 }) }),
  { selector: ({ name }) => name, minLength: 1, maxLength: 4 },
).map(layoutOf);

const anyCells: fc.Arbitrary<CellBatch> = fc.record({
  sizes: fc.array(fc.nat(4), { maxLength: 5 }),
  columns: fc.uniqueArray(name, { maxLength: 2 }),
}).chain(({ sizes, columns }) => {
  const entries = sizes.reduce((a, b) => a + b, 0);
  const exactly = (minLength: number) => ({ minLength, maxLength: minLength });
  const offsets = Uint32Array.of(0, ...sizes);
  for (let i = 1; i < offsets.length; i++) offsets[i] += offsets[i - 1];
  return fc.record({
    cells: fc.uint32Array(exactly(sizes.length)),
    offsets: fc.constant(offsets),
    genes: fc.uint32Array({ ...exactly(entries), max: GENES - 1 }),
    values: numbers(entries),
    obs: fc.tuple(...columns.map(() => fc.int32Array(exactly(sizes.length))))
      .map((codes) => Object.fromEntries(columns.map((name, i) => [name, codes[i]]))),
  });
});

/** A layout, and a bookmark of it that has some of the parts that bookmarks may have. */
export const anyBookmark: fc.Arbitrary<{ readonly layout: Layout; readonly bookmark: Bookmark }> =
  anyLayout.chain((layout) => {
    const flat = numbers(layout.size),
      maybe = <A>(part: fc.Arbitrary<A>) => fc.option(part, { nil: undefined });
    const count = fc.oneof(fc.nat(9), fc.maxSafeNat());
    const memory = fc.array(fc.record({ stage: count, offered: count, kept: anyCells }), {
      maxLength: 3,
    });
    const bookmark = fc.record({
      seed: fc.constant(1),
      leg: count,
      step: count,
      events: count,
      trunk: maybe(flat),
      branch: maybe(flat),
      training: maybe(fc.record({ firstMoment: flat, secondMoment: flat, teacher: maybe(flat) })),
      memory: maybe(memory),
    });
    return fc.record({ layout: fc.constant(layout), bookmark });
  });

/** The layout of numbered bookmarks. */
export const layout = layoutOf([{ name: "w", shape: [2, 3] }, { name: "b", shape: [3] }]);

/**
 * A bookmark with all parts, told from others by its number.
 *
 * @param size Floats that it remembers: how large it is on disk.
 */
export function numbered(number: number, size = 4): Bookmark {
  const flat = () => new Float32Array(layout.size).fill(number);
  const kept: CellBatch = {
    cells: Uint32Array.of(number),
    offsets: Uint32Array.of(0, size),
    genes: new Uint32Array(size).fill(number % GENES),
    values: new Float32Array(size).fill(number),
    obs: { cell_type: Int32Array.of(-1) },
  };
  return {
    seed: 1,
    leg: 1,
    step: number,
    events: 2 * number,
    trunk: flat(),
    branch: flat(),
    training: { firstMoment: flat(), secondMoment: flat(), teacher: flat() },
    memory: [{ stage: 0, offered: number, kept }],
  };
}

/** A bookmark with the bits of its floats, to compare: NaN differs from NaN in them. */
export function bitsOf(bookmark: unknown): unknown {
  if (bookmark instanceof Float32Array) return new Uint32Array(bookmark.slice().buffer);
  if (ArrayBuffer.isView(bookmark) || typeof bookmark !== "object" || bookmark === null) {
    return bookmark;
  }
  if (Array.isArray(bookmark)) return bookmark.map(bitsOf);
  return Object.fromEntries(Object.entries(bookmark).map(([key, part]) => [key, bitsOf(part)]));
}
