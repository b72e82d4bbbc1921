import { ok } from "node:assert/strict";
import { Effect } from "effect";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Curriculum, HELD_OUT, type Survey, UNUSED } from "../core/curriculum.ts";
import { InputError } from "../core/errors.ts";
import type { Kinds } from "../core/plugin.ts";
import { importantGenes } from "../plugins/curricula/important_genes.ts";
import { listed } from "../plugins/curricula/listed.ts";
import { randomGenes } from "../plugins/curricula/random_genes.ts";
import { assertSame } from "./first_difference.ts";
import { survey, surveyOf } from "./laws/arbitraries.ts";
import { curriculumLaws } from "./laws/curriculum_laws.ts";

const few = { top: 4, clearRank: 1, lastRank: 3 };
const asMany = survey().map(({ sets, cells }) =>
  surveyOf({ genes: sets.length, cells, sets: sets.length })
);

curriculumLaws("importantGenes()", (seed) => importantGenes({ ...few, seed }));
curriculumLaws(
  "importantGenes() with as many sets as genes",
  (seed) => importantGenes({ ...few, top: 1, baseShare: 0, seed }),
  { surveys: asMany },
);
curriculumLaws("randomGenes()", (seed) => randomGenes({ seed }));
curriculumLaws(
  "randomGenes() with as many sets as genes",
  (seed) => randomGenes({ baseGenes: 0, baseShare: 0, heldOut: 2, seed }),
  { surveys: asMany },
);
curriculumLaws(
  "listed()",
  () => (survey) => written(evenSplit(survey), (path) => listed({ path })(survey)),
  { seed: "ignored" },
);

Deno.test("importantGenes() gives each set its top genes and the base all others", async () => {
  const sums = [[9, 8, 0, 1, 7, 2], [1, 0, 9, 8, 7, 2]].map((sum) => Float64Array.from(sum));
  const plan = await Effect.runPromise(
    importantGenes({ top: 3, clearRank: 2, lastRank: 2, heldOut: 2 })({
      symbols: ["A", "B", "C", "D", "E", "F"],
      cells: 10,
      sets: ["first", "second"],
      sums: () => Promise.resolve(sums),
    }),
  );
  // E is third in both, clear in none: the first set has it. F is left to the base.
  assertSame(plan.base, 1);
  assertSame(plan.stages.map(({ name, from, to }) => [name, from, to]), [
    ["base", 1, 1],
    ["first", 1, 4],
    ["second", 4, 6],
  ]);
  assertSame(plan.rank, [1, 2, 4, 5, 3, 0]);
});

Deno.test("randomGenes() deals genes like cells", async () => {
  const plan = await Effect.runPromise(randomGenes()(surveyOf({ genes: 40, cells: 101, sets: 3 })));
  assertSame(plan.base, 20);
  assertSame(plan.stages.map(({ from, to }) => to - from), [0, 7, 7, 6]);
  assertSame([HELD_OUT, 0, 1, 2, 3].map(plan.partition.size), [10, 45, 16, 15, 15]);
});

Deno.test("listed() repeats a split exactly; what stands nowhere is unused", async () => {
  const known = { ...surveyOf({ genes: 4, cells: 8, sets: 1 }), symbols: ["A", "B", "C", "D"] };
  const split = {
    stages: [{ name: "a", genes: ["D", "B"] }],
    heldOut: [7],
    cells: [[0, 2], [5, 1, 3]],
  };
  const plan = await Effect.runPromise(written(split, (path) => listed({ path })(known)));
  assertSame(plan.rank, [0, 3, 1, 2]);
  assertSame(
    Array.from({ length: 8 }, (_, cell) => plan.partition.part(cell)),
    [0, 1, 0, 1, UNUSED, 1, UNUSED, HELD_OUT],
  );
});

const refusals: readonly (readonly [string, () => Promise<string>, RegExp])[] = [
  ["a set none of whose cells expresses a gene", () => {
    const survey = surveyOf({ genes: 9, cells: 50, sets: 2 });
    return refused(importantGenes(few), {
      ...survey,
      sums: async () => [(await survey.sums())[0], new Float64Array(9)],
    });
  }, /^Cannot choose genes for set "b": none of its cells expresses a gene; /],
  ["a set that loses all its genes to others", () => {
    const survey = surveyOf({ genes: 9, cells: 50, sets: 2 });
    return refused(importantGenes(few), {
      ...survey,
      sums: async () => [(await survey.sums())[0], (await survey.sums())[0]],
    });
  }, /^Cannot choose genes for set "b": other sets have each of its 4 candidates too; raise "top"/],
  [
    "clearRank past lastRank",
    () => refused(importantGenes({ clearRank: 7, lastRank: 3 }), surveyOf(small)),
    /^Cannot use clearRank 7 in curriculum "important-genes": it is past lastRank 3; /,
  ],
  [
    "more sets than genes",
    () => refused(randomGenes(), surveyOf({ genes: 2, cells: 50, sets: 3 })),
    /^Cannot fill 3 gene sets from 2 genes: each set needs one; use fewer sets$/,
  ],
  [
    "a set left without genes",
    () => refused(randomGenes({ baseGenes: 0.9 }), surveyOf(small)),
    /^Cannot train stage "b": its gene set has no genes; /,
  ],
  [
    "a set whose genes nobody expresses",
    () =>
      refused(randomGenes(), {
        ...surveyOf(small),
        sums: () => Promise.resolve([new Float64Array(9), new Float64Array(9)]),
      }),
    /^Cannot train stage "a": no cell of any gene set's data expresses one of its \d genes; /,
  ],
  [
    "a stage without cells",
    () => refused(randomGenes({ heldOut: 49 }), surveyOf(small)),
    /^Cannot train stage "b": no cell is left for it; hold out fewer cells, or use fewer sets$/,
  ],
  [
    "a base stage without genes",
    () => refused(randomGenes({ baseGenes: 0 }), surveyOf(small)),
    /^Cannot train stage "base": no gene is left for it; use fewer stage genes, or baseShare 0$/,
  ],
  [
    "a missing split",
    () => refused(listed({ path: "/nowhere/split.json" }), surveyOf(small)),
    /^Cannot read split "\/nowhere\/split.json": there is no such file or folder$/,
  ],
  ["a split that is not JSON", () => misread("{"), /^Cannot read split ".*": it is not JSON; /],
  [
    "a split with a part missing",
    () => misread({ stages: [], cells: [] }),
    /^Cannot read split ".*": "heldOut" is missing$/,
  ],
  [
    "a split of other sets",
    () => misread({ ...even(), stages: even().stages.toReversed() }),
    /: its stage 1 is "b" where the experiment has the gene set "a"; make them agree$/,
  ],
  [
    "a split with a set too few",
    () => misread({ ...even(), stages: even().stages.slice(1, 1) }),
    /: its stage 1 is missing where the experiment has the gene set "a"; make them agree$/,
  ],
  [
    "a split with a list of cells too few",
    () => misread({ ...even(), cells: even().cells.slice(1) }),
    /: "cells" has 2 lists instead of 3; give the base stage's rows first, then each stage's$/,
  ],
  [
    "a row past the end",
    () => misread({ ...even(), heldOut: [3, 50] }),
    /: its cell 50 is not a row of the atlas; rows are 0 to 49$/,
  ],
  [
    "a cell in two parts",
    () => misread({ ...even(), heldOut: [even().cells[2][0]] }),
    /: its cell \d+ is listed twice; list each cell once$/,
  ],
  [
    "an unknown symbol",
    () => misread({ ...even(), stages: [{ name: "a", genes: ["GEN1"] }, even().stages[1]] }),
    /: its stage "a" has the gene "GEN1", which the atlas does not know; did you mean "GENE1" or/,
  ],
  [
    "a gene in two stages",
    () => misread({ ...even(), stages: ["a", "b"].map((name) => ({ name, genes: ["GENE1"] })) }),
    /: its gene "GENE1" is in stage "a" and again in stage "b"; list each gene once$/,
  ],
];

for (const [fault, message, expected] of refusals) {
  Deno.test(`curricula refuse ${fault} in one sentence`, async () => {
    const said = await message();
    ok(expected.test(said), said);
    ok(!/[\n.]$/.test(said) && !said.includes("\n"), said);
  });
}

Deno.test("curricula pass on what the survey fails with", async () => {
  const survey: Survey = {
    ...surveyOf(small),
    sums: () => Promise.reject(new InputError({ message: "Cannot read shard" })),
  };
  assertSame(await refused(randomGenes(), survey), "Cannot read shard");
});

const small = { genes: 9, cells: 50, sets: 2 };
const even = () => evenSplit(surveyOf(small));

/** Every third gene to no stage, every other to the stages in turn; likewise the cells. */
function evenSplit({ symbols, cells, sets }: Survey) {
  const turn = sets.length + 1;
  const rows = (part: number) =>
    Array.from({ length: cells }, (_, row) => row).filter((row) => row % (turn + 1) === part);
  return {
    stages: sets.map((name, i) => ({
      name,
      genes: symbols.filter((_, gene) => gene % turn === i + 1),
    })),
    heldOut: rows(turn),
    cells: Array.from({ length: turn }, (_, part) => rows(part)),
  };
}

function misread(split: unknown): Promise<string> {
  const survey = surveyOf(small);
  return refused((survey) => written(split, (path) => listed({ path })(survey)), survey);
}

const refused = (curriculum: Kinds["curriculum"], survey: Survey): Promise<string> =>
  Effect.runPromise(Effect.flip(curriculum(survey)).pipe(Effect.map(({ message }) => message)));

/** Hands over the path of a file with the split, and removes the file afterwards. */
function written<E>(
  split: unknown,
  use: (path: string) => Effect.Effect<Curriculum, E>,
): Effect.Effect<Curriculum, E> {
  const make = Effect.sync(() => mkdtempSync(join(tmpdir(), "gil-split-")));
  const remove = (folder: string) => Effect.sync(() => rmSync(folder, { recursive: true }));
  return Effect.acquireUseRelease(make, (folder) => {
    const path = join(folder, "split.json");
    writeFileSync(path, typeof split === "string" ? split : JSON.stringify(split));
    return use(path);
  }, remove);
}
