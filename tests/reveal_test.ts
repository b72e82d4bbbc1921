import { notDeepEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import { pipe } from "rxjs";
import { type CellBatch, concatCells, selectCells } from "../core/batch.ts";
import { arrange, type Curriculum, isVisible, seenBy, type View } from "../core/curriculum.ts";
import { keyOf } from "../core/random.ts";
import { longTail } from "../plugins/samplers/long_tail.ts";
import { bin } from "../plugins/transforms/bin.ts";
import { librarySize } from "../plugins/transforms/library_size.ts";
import { log1p } from "../plugins/transforms/log1p.ts";
import { mask } from "../streams/mask.ts";
import { reveal } from "../streams/reveal.ts";
import { sample } from "../streams/sample.ts";
import { assertClose, assertSame } from "./first_difference.ts";
import { cellBatch, curriculum } from "./laws/arbitraries.ts";
import { through } from "./laws/through.ts";

const GENES = 12;

/** Cells, a curriculum of their genes, and one of its views. */
const scene = fc.record({
  batch: cellBatch({ genes: GENES, maxCells: 4, scale: "counts" }),
  plan: curriculum({ genes: GENES, maxSets: 3 }),
  stage: fc.nat(),
  union: fc.boolean(),
}).map(({ batch, plan, stage, union }) => {
  const index = stage % plan.stages.length;
  return { batch, plan, view: union ? seenBy(plan, index) : plan.stages[index] };
});
type Scene = typeof scene extends fc.Arbitrary<infer A> ? A : never;

const law = (claim: string, check: (scene: Scene) => Promise<void>) =>
  Deno.test(claim, () => fc.assert(fc.asyncProperty(scene, check)));

law("reveal() keeps every visible entry as it was, and no other", async ({ batch, plan, view }) => {
  const shown = await revealed(batch, plan, view);
  assertSame(
    entries(shown),
    entries(batch).map((cell) =>
      cell.filter(([gene]) => isVisible(plan.rank[gene], plan.base, view))
    ),
  );
});

law("reveal() keeps all cells and their columns", async ({ batch, plan, view }) => {
  const { cells, obs } = await revealed(batch, plan, view);
  assertSame({ cells, obs }, { cells: batch.cells, obs: batch.obs });
});

law("reveal() never writes its input", async ({ batch, plan, view }) => {
  const before = structuredClone(batch);
  await revealed(batch, plan, view);
  assertSame(batch, before);
});

law("reveal() twice is reveal() once", async ({ batch, plan, view }) => {
  const once = await revealed(batch, plan, view);
  assertSame(await revealed(once, plan, view), once);
});

law("reveal() shows each cell its own view", async ({ batch, plan }) => {
  const viewOf = (cell: number) => plan.stages[cell % plan.stages.length];
  const together = await revealed(batch, plan, viewOf);
  const alone = await Promise.all(
    Array.from(batch.cells, (cell, i) => revealed(selectCells(batch, [i]), plan, viewOf(cell))),
  );
  assertSame(together, concatCells(alone));
});

for (
  const [name, transform] of [
    ["log1p()", log1p()],
    ["librarySize() and log1p()", pipe(librarySize(), log1p())],
    ["librarySize() and bin()", pipe(librarySize(), bin({ bins: 5 }))],
  ] as const
) {
  law(`no hidden gene changes a visible number: ${name}`, async ({ batch, plan, view }) => {
    const key = keyOf(1);
    const whole = pipe(
      reveal(plan, view),
      transform,
      sample(longTail(), { length: 4, genes: GENES, key }),
      mask(0.4, key),
    );
    const louder = {
      ...batch,
      values: batch.values.map((value, e) =>
        isVisible(plan.rank[batch.genes[e]], plan.base, view) ? value : 7 * value
      ),
    };
    assertSame(await through(whole, louder), await through(whole, batch));
  });
}

Deno.test("reveal() after librarySize() would leak what is hidden: the order matters", async () => {
  const plan = arrange(3, [{ name: "late", genes: [2] }]), [base] = plan.stages;
  const cell = (hidden: number): CellBatch => ({
    cells: Uint32Array.of(0),
    offsets: Uint32Array.of(0, 3),
    genes: Uint32Array.of(0, 1, 2),
    values: Float32Array.of(1, 3, hidden),
    obs: {},
  });
  const before = pipe(reveal(plan, base), librarySize({ total: 100 }));
  const after = pipe(librarySize({ total: 100 }), reveal(plan, base));
  for (const hidden of [4, 28]) {
    assertClose((await through(before, cell(hidden)))[0].values, [25, 75], { relative: 1e-6 });
  }
  // 1 / 8 and 3 / 8 of the total; seven times the hidden count makes them 1 / 32 and 3 / 32.
  const [quiet, loud] = await through(after, cell(4), cell(28));
  assertClose(quiet.values, [12.5, 37.5], { relative: 1e-6 });
  assertClose(loud.values, [3.125, 9.375], { relative: 1e-6 });
  notDeepEqual(quiet.values, loud.values);
});

Deno.test("reveal() hides genes that have not arrived", async () => {
  const plan = arrange(5, [{ name: "first", genes: [3, 0] }, { name: "second", genes: [1] }]);
  const cell: CellBatch = {
    cells: Uint32Array.of(9),
    offsets: Uint32Array.of(0, 4),
    genes: Uint32Array.of(0, 1, 2, 3),
    values: Float32Array.of(10, 11, 12, 13),
    obs: {},
  };
  const shown = async (view: View) => [...(await revealed(cell, plan, view)).genes];
  const all = { ...plan, partition: { part: () => 0, size: () => 0 } };
  assertSame(await shown(plan.stages[0]), [2]);
  assertSame(await shown(plan.stages[1]), [0, 2, 3]);
  assertSame(await shown(plan.stages[2]), [1, 2]);
  assertSame(await shown(seenBy(all, 2)), [0, 1, 2, 3]);
});

async function revealed(
  batch: CellBatch,
  plan: Pick<Curriculum, "rank" | "base">,
  view: View | ((cell: number) => View),
): Promise<CellBatch> {
  const shown = await through(reveal(plan, view), batch);
  ok(shown.length === 1);
  return shown[0];
}

/** Gene and value of every entry, cell by cell. */
const entries = ({ cells, offsets, genes, values }: CellBatch): [number, number][][] =>
  Array.from(
    cells,
    (_, i) =>
      Array.from(
        genes.subarray(offsets[i], offsets[i + 1]),
        (gene, e) => [gene, values[offsets[i] + e]],
      ),
  );
