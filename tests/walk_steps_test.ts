import assert from "node:assert/strict";
import { dealCells, partitionBy } from "../core/partition.ts";
import { permutation } from "../core/permutation.ts";
import { keyOf } from "../core/random.ts";
import { geneDistillation } from "../plugins/distillers/gene_distillation.ts";
import { assertSame } from "./first_difference.ts";
import { spyLearner } from "./spy_learner.ts";
import { CELLS, firstCells, GENES, method, runOf, trainings } from "./walked.ts";

Deno.test("walk() shows cells in another order, and masked otherwise, in every epoch", async () => {
  const { shown } = await trainings({ methods: [method("baseline")], length: GENES });
  const first = shown.filter(({ stage }) => stage === 1), perEpoch = first.length / 3;
  const epochs = [0, 1, 2].map((epoch) => {
    const own = first.slice(epoch * perEpoch, (epoch + 1) * perEpoch);
    const all = own.flatMap(({ lessons: [{ tokens }] }) =>
      [...tokens.cells].map((cell, row) => ({
        cell,
        masked: tokens.masked.subarray(row * tokens.length, (row + 1) * tokens.length).join(""),
      }))
    );
    const masks = all.toSorted((a, b) => a.cell - b.cell).map(({ masked }) => masked);
    return { order: all.map(({ cell }) => cell).join(), masks: masks.join() };
  });
  assert.equal(new Set(epochs.map(({ order }) => order)).size, 3);
  assert.equal(new Set(epochs.map(({ masks }) => masks)).size, 3);
});

Deno.test("walk() gives each earlier gene stage a batch beside the new one, no cell twice in it", async () => {
  const { run, shown } = await trainings();
  const second = shown.filter((s) => s.stage === 2 && s.methods[0] === "replay");
  assert.ok(second.length > 0);
  for (const { lessons, cells } of second) {
    assert.equal(lessons.length, 2);
    assert.equal(lessons[1].tokens.cells.length, 5);
    assert.equal(new Set(lessons[1].tokens.cells).size, 5);
    assert.ok([...lessons[1].tokens.cells].every((c) => run.curriculum.partition.part(c) === 1));
    assert.equal(cells, lessons[0].tokens.cells.length + 5);
  }
  assert.ok(
    shown.filter((s) => s.methods.includes("baseline")).every((s) => s.lessons.length === 1),
  );
});

Deno.test("walk() warms up in the first stage only", async () => {
  const { shown } = await trainings({ methods: [method("baseline")] });
  const rates = (stage: number) => shown.filter((s) => s.stage === stage).map((s) => s.step.rate);
  assertSame(rates(0).slice(0, 6), [0, 0.0025, 0.005, 0.0075, 0.01, 0.01]);
  assert.ok(rates(1).every((rate) => rate === 0.01));
});

Deno.test("walk() warms every method up once, the oracle too where there is no base stage", async () => {
  const methods = [method("baseline"), method("oracle", { stages: "joint" })];
  for (const baseShare of [0, 0.5]) {
    const { curriculum } = runOf(spyLearner());
    const sizes = dealCells({ cells: CELLS, sets: 2, heldOut: 20, baseShare });
    const partition = partitionBy(permutation(CELLS, keyOf(3)), sizes);
    const { shown } = await trainings({ methods, curriculum: { ...curriculum, partition } });
    for (const { name } of methods) {
      const own = shown.filter((s) => s.methods.includes(name)).map((s) => s.step.rate);
      assertSame(own.slice(0, 5), [0, 0.0025, 0.005, 0.0075, 0.01]);
      assert.ok(own.slice(4).every((rate) => rate === 0.01));
    }
  }
});

Deno.test("walk() lets a teacher speak to its own method only, after the first gene stage", async () => {
  const teacher = geneDistillation();
  const { run, shown } = await trainings({
    methods: [
      method("distillation", { distiller: teacher }),
      method("both", { distiller: teacher, replay: firstCells(5) }),
      method("baseline"),
    ],
  });
  const { curriculum } = run;
  for (const { stage, methods: [name], lessons } of shown) {
    const heard = stage === 2 && name !== "baseline";
    assertSame(lessons.map(({ lecture }) => lecture !== undefined), [
      heard,
      ...lessons.slice(1).map(() => false),
    ]);
    if (!heard) continue;
    const { tokens, lecture } = lessons[0], own = curriculum.stages[stage];
    assertSame(lecture?.selected, teacher.select(tokens, own, curriculum));
    assertSame(lecture?.tokens.input, tokens.input);
  }
});

Deno.test("walk() remembers values as the model reads them", async () => {
  const { shown } = await trainings();
  const read = new Map<string, number>();
  let compared = 0;
  for (const { stage, lessons } of shown) {
    const { tokens: { cells, genes, target, length } } = lessons.at(-1)!;
    genes.forEach((gene, p) => {
      if (gene >= GENES) return;
      const entry = `${cells[Math.floor(p / length)]} ${gene}`;
      if (stage === 1) read.set(entry, target[p]);
      if (stage !== 2 || lessons.length === 1 || !read.has(entry)) return;
      assert.equal(target[p], read.get(entry));
      compared++;
    });
  }
  assert.ok(compared > 50, `${compared} values were seen twice`);
});
