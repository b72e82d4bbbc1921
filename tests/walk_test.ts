import assert from "node:assert/strict";
import { lastValueFrom, take, toArray } from "rxjs";
import { HELD_OUT, isVisible, shownBy } from "../core/curriculum.ts";
import type { Source } from "../core/source.ts";
import { costOf } from "../streams/experiment/cost.ts";
import { walk } from "../streams/walk.ts";
import { assertSame } from "./first_difference.ts";
import { type Spy, spyLearner } from "./spy_learner.ts";
import {
  BATCH,
  CELLS,
  eventsOf,
  firstCells,
  GENES,
  genesOf,
  method,
  runOf,
  T1,
  T2,
  trainings,
} from "./walked.ts";

Deno.test("walk() shows every training cell of a stage once an epoch, and no other cell", async () => {
  const { run, shown } = await trainings();
  for (const [stage, epochs] of [[0, 2], [1, 3], [2, 1]]) {
    const baseline = shown.filter((s) => s.stage === stage && s.methods.includes("baseline"));
    const seen = new Map<number, number>();
    for (const { lessons } of baseline) {
      for (const cell of lessons[0].tokens.cells) seen.set(cell, (seen.get(cell) ?? 0) + 1);
    }
    const own = Array.from({ length: CELLS }, (_, cell) => cell)
      .filter((cell) => run.curriculum.partition.part(cell) === stage);
    assertSame([...seen.keys()].sort((a, b) => a - b), own);
    assert.ok([...seen.values()].every((times) => times === epochs));
  }
});

Deno.test("walk() never learns from a held-out cell", async () => {
  const { run, shown } = await trainings({
    methods: [method("replay", { replay: firstCells(9) }), method("oracle", { stages: "joint" })],
  });
  for (const { lessons } of shown) {
    for (const { tokens } of lessons) {
      for (const cell of tokens.cells) {
        assert.notEqual(run.curriculum.partition.part(cell), HELD_OUT);
      }
    }
  }
});

Deno.test("walk() shows a cell the genes of its own stage only, remembered and joint cells too", async () => {
  const { run, shown } = await trainings({
    methods: [
      method("baseline"),
      method("replay", { replay: firstCells(5) }),
      method("oracle", { stages: "joint" }),
    ],
  });
  const { rank, base, stages, partition } = run.curriculum;
  let stageGenes = 0;
  for (const { lessons } of shown) {
    for (const { tokens } of lessons) {
      tokens.genes.forEach((gene, position) => {
        if (gene >= GENES) return;
        const cell = tokens.cells[Math.floor(position / tokens.length)];
        assert.ok(isVisible(rank[gene], base, stages[partition.part(cell)]));
        if (rank[gene] >= base) stageGenes++;
      });
    }
  }
  assert.ok(stageGenes > 0);
});

Deno.test("walk() trains what methods share once and announces every step", async () => {
  const { run, events, shown } = await trainings({ seeds: [1, 2] });
  assert.equal(shown.length, costOf(run).steps);
  const stages = events.filter((event) => event.type === "stage");
  assert.equal(stages.length, 2 * 4);
  assert.equal(stages.reduce((sum, { steps }) => sum + steps, 0), shown.length);
  assertSame(stages[0].methods, ["baseline", "replay"]);
});

Deno.test("costOf() counts the cells that are learned from and predicted", async () => {
  const { run, spy, shown } = await trainings({
    methods: [
      method("baseline"),
      method("replay", { replay: firstCells(5) }),
      method("oracle", { stages: "joint" }),
    ],
  });
  const { learned, predicted } = costOf(run), sum = (all: number[]) => all.reduce((a, b) => a + b);
  const fresh = sum(shown.map(({ lessons }) => lessons[0].tokens.cells.length));
  const seen = sum(spy.predicted.map(({ cells }) => cells.length));
  assert.equal(predicted, seen);
  // A memory is taken to lend a full batch: it may hold fewer.
  const remembered = shown.filter(({ lessons }) => lessons.length > 1).length;
  const lent = sum(shown.map(({ lessons }) => lessons[1]?.tokens.cells.length ?? 0));
  assert.equal(lent, 5 * remembered);
  assert.ok(learned >= fresh + lent && learned <= fresh + BATCH * remembered);
});

Deno.test("walk() judges after each gene stage on all held-out cells, for every set seen", async () => {
  const { events } = await trainings();
  const scores = events.flatMap((event) => event.type === "score" ? [event.score] : []);
  assertSame(
    scores.filter((s) => s.method === "replay")
      .map((s) => `${s.set} after ${s.after}, trial ${s.trial}: ${s.value}`),
    [
      ...["T1 after 1, trial 0: 20", "T1 after 1, trial 1: 20"],
      ...["T1 after 2, trial 0: 20", "T2 after 2, trial 0: 20"],
      ...["T1 after 2, trial 1: 20", "T2 after 2, trial 1: 20"],
    ],
  );
});

Deno.test("walk() judges with the same genes and masks whatever the seed", async () => {
  const one = await trainings({ seeds: [1] }), other = await trainings({ seeds: [2] });
  assert.equal(one.spy.predicted.length, other.spy.predicted.length);
  one.spy.predicted.forEach((tokens, i) => assertSame(tokens.input, other.spy.predicted[i].input));
});

Deno.test("walk() lets no hidden gene change a number that the model sees", async () => {
  const learned = async (by: number) => {
    const spy = spyLearner(), hidden = new Set([...T1, ...T2]);
    const run = runOf(spy, {}, { louder: { genes: (gene) => hidden.has(gene), by } });
    await eventsOf(run);
    return spy.learned.flatMap(({ lessons }) => lessons.map(({ tokens }) => tokens))
      .filter((tokens) => genesOf(tokens).every((gene) => !hidden.has(gene)));
  };
  const quiet = await learned(1), loud = await learned(7);
  assert.ok(quiet.length > 5);
  assertSame(loud.map(({ input }) => input), quiet.map(({ input }) => input));
});

Deno.test("walk() gives the same events for a seed, whichever seeds ran before it", async () => {
  const both = await trainings({ seeds: [1, 2] }), alone = await trainings({ seeds: [2] });
  const second = both.shown.filter(({ seed }) => seed === 2);
  second.forEach(({ lessons }, i) =>
    lessons.forEach(({ tokens }, j) =>
      assertSame(tokens.input, alone.shown[i].lessons[j].tokens.input)
    )
  );
  const first = both.shown.filter(({ seed }) => seed === 1);
  assert.notDeepEqual(
    [...first[0].lessons[0].tokens.cells],
    [...second[0].lessons[0].tokens.cells],
  );
});

Deno.test("walk() comes to the same with every seed, side by side or one after the other", async () => {
  const spies = [spyLearner(), spyLearner()];
  await eventsOf(runOf(spies[0], { seeds: [1, 2, 3], learners: spies }));
  const inputs = (spy: Spy) =>
    spy.learned.flatMap(({ lessons }) => lessons.map(({ tokens }) => tokens.input));
  const alone = async (seeds: number[]) => (await trainings({ seeds })).spy;
  assertSame(inputs(spies[0]), inputs(await alone([1, 3])));
  assertSame(inputs(spies[1]), inputs(await alone([2])));
});

Deno.test("walk() asks the source for no gene that a stage hides, whatever the source does", async () => {
  const asked: Uint8Array[] = [], { source } = runOf(spyLearner());
  const spied: Source = {
    ...source,
    read(request) {
      asked.push(request.genes ?? new Uint8Array(0));
      // A source that does not do as it is told: nothing may come of it.
      return source.read({ ...request, genes: new Uint8Array(GENES).fill(1) });
    },
  };
  const { shown, run } = await trainings({ source: spied, methods: [method("baseline")] });
  for (const { stage, lessons } of shown) {
    const hidden = [...T1, ...T2].filter((gene) =>
      !(stage === 1 ? T1 : stage === 2 ? T2 : []).includes(gene)
    );
    for (const { tokens } of lessons) {
      assertSame(genesOf(tokens).filter((gene) => hidden.includes(gene)), []);
    }
  }
  const { curriculum } = run, masks = curriculum.stages.map((stage) => shownBy(curriculum, stage));
  for (const mask of masks) assert.ok(asked.some((genes) => String(genes) === String(mask)));
  assert.ok(asked.every((genes) => genes.length === GENES));
});

Deno.test("walk() closes every model, also when it is left early", async () => {
  const spy = spyLearner();
  await eventsOf(runOf(spy));
  assert.equal(spy.open(), 0);
  const left = spyLearner();
  await lastValueFrom(walk(runOf(left)).pipe(take(25), toArray()));
  assert.equal(left.open(), 0);
});
