import assert from "node:assert/strict";
import fc from "fast-check";
import { byPopularity, ranksOf } from "../streams/import/shuffle/gene_order.ts";
import { sorterOf } from "../streams/import/shuffle/sort_genes.ts";
import { assertSame } from "./first_difference.ts";

/** Sizes of vocabularies around those at which a rank takes another byte or half. */
const size = fc.constantFrom(1, 2, 255, 256, 257, 5000, 2 ** 16 - 1, 2 ** 16, 2 ** 16 + 1, 70_000);
const someCell = size.chain((genes) =>
  fc.record({
    genes: fc.constant(genes),
    cell: fc.uniqueArray(fc.oneof(fc.nat(genes - 1), fc.constant(genes - 1)), { maxLength: 300 }),
    before: fc.nat(5),
    wide: fc.boolean(),
  })
);

/** A cell as a record has it, its values from 1 on; behind `before` entries of another. */
function recordOf(cell: readonly number[], before: number, wide: boolean) {
  const others = Array.from({ length: before }, () => 0), values = cell.map((_, e) => e + 1);
  return {
    genes: Uint32Array.from([...others, ...cell]),
    geneAt: before,
    values: wide
      ? Float32Array.from([...others, ...values])
      : Uint16Array.from([...others, ...values]),
    valueAt: before,
    entries: cell.length,
  };
}

const roomFor = (entries: number) => ({
  genes: new Uint32Array(entries + 3),
  values: new Float32Array(entries + 3),
  first: 2,
});

Deno.test("cells are sorted by the ranks of their genes, in vocabularies of any size", () => {
  fc.assert(fc.property(someCell, ({ genes, cell, before, wide }) => {
    const ranks = ranksOf(byPopularity(Float64Array.from({ length: genes }, (_, g) => g % 7)));
    const sort = sorterOf(ranks);
    // The second time, after another cell: nothing of that one may be left.
    for (const some of [cell, cell.toReversed().slice(1)]) {
      const to = roomFor(some.length);
      sort(recordOf(some, before, wide), to);
      const wanted = some.map((gene, e) => [ranks[gene], e + 1]).sort(([a], [b]) => a - b);
      assertSame([...to.genes], [0, 0, ...wanted.map(([rank]) => rank), 0]);
      assertSame([...to.values], [0, 0, ...wanted.map(([, value]) => value), 0]);
    }
  }));
});

Deno.test("a cell with a gene of no vocabulary or an entry of zero is not sorted", () => {
  for (const genes of [40, 2 ** 16 + 40]) {
    const sort = sorterOf(ranksOf(byPopularity(new Float64Array(genes))));
    const sound = recordOf([7, 3, 5], 0, false);
    sort(sound, roomFor(3));
    const strange = { ...sound, genes: Uint32Array.of(7, genes, 5) };
    const empty = { ...sound, values: Uint16Array.of(1, 0, 1) };
    for (const cell of [strange, empty]) {
      assert.throws(() => sort(cell, roomFor(3)), /^RangeError: .*their file is damaged/);
    }
  }
});
