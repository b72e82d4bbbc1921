/**
 * What holds of every curriculum.
 *
 * @module
 */

import { ok } from "node:assert/strict";
import { Effect } from "effect";
import fc from "fast-check";
import { type Curriculum, HELD_OUT, type Survey, UNUSED } from "../../core/curriculum.ts";
import type { Kinds } from "../../core/plugin.ts";
import { assertSame } from "../first_difference.ts";
import { survey } from "./arbitraries.ts";

/** How a curriculum is put to the test. */
export interface CurriculumLawOptions {
  /** Surveys that it can do justice to; `survey()` unless given. */
  readonly surveys?: fc.Arbitrary<Survey>;
  /** Whether its seed changes the split; "used" unless given. */
  readonly seed?: "used" | "ignored";
}

/**
 * Registers the laws of a curriculum as tests: genes and cells are partitions, the same seed gives
 * the same split, another seed another one, and no held-out cell belongs to a stage.
 *
 * @param make Makes one with a seed; called anew for every check.
 */
export function curriculumLaws(
  name: string,
  make: (seed: number) => Kinds["curriculum"],
  { surveys = survey(), seed = "used" }: CurriculumLawOptions = {},
): void {
  const law = (claim: string, check: (survey: Survey, seed: number) => Promise<void>) =>
    Deno.test(`${name} ${claim}`, () => fc.assert(fc.asyncProperty(surveys, fc.nat(), check)));
  const plan = (survey: Survey, seed: number) => Effect.runPromise(make(seed)(survey));

  law("gives every gene one rank, base genes first, then set by set", async (survey, seed) => {
    const { rank, base, stages } = await plan(survey, seed);
    assertSame(rank.toSorted(), [...survey.symbols.keys()]);
    let next = base;
    for (const { index, from, to } of stages) {
      assertSame({ index, from, empty: index > 0 && to === from }, {
        index: stages[index].index,
        from: next,
        empty: false,
      });
      next = to;
    }
    assertSame(next, survey.symbols.length);
  });

  law("has a base stage and one stage a gene set, in order", async (survey, seed) => {
    const { stages } = await plan(survey, seed);
    assertSame(stages.map(({ name }) => name), ["base", ...survey.sets]);
    assertSame(stages.map(({ index }) => index), [...stages.keys()]);
    assertSame(stages[0].to, stages[0].from);
  });

  law("gives every cell one part, as many as it says", async (survey, seed) => {
    const { stages, partition } = await plan(survey, seed);
    const sizes = new Map([UNUSED, HELD_OUT, ...stages.keys()].map((part) => [part, 0]));
    for (const part of partsOf(partition, survey.cells)) {
      ok(sizes.has(part), `a cell belongs to ${part}, which is no part`);
      sizes.set(part, sizes.get(part)! + 1);
    }
    for (const [part, size] of sizes) {
      assertSame({ part, size: partition.size(part) }, { part, size });
    }
  });

  law("gives every gene stage a cell", async (survey, seed) => {
    const { stages, partition } = await plan(survey, seed);
    for (const { index } of stages.slice(1)) ok(partition.size(index) > 0, `stage ${index}`);
  });

  law("trains no stage on a held-out cell", async (survey, seed) => {
    const { stages, partition } = await plan(survey, seed);
    const heldOut = new Set<number>();
    for (let cell = 0; cell < survey.cells; cell++) {
      if (partition.part(cell) === HELD_OUT) heldOut.add(cell);
    }
    // Asked in another order: an answer may not depend on the questions before it.
    for (let cell = survey.cells - 1; cell >= 0; cell--) {
      const trained = stages.some(({ index }) => partition.part(cell) === index);
      ok(!(trained && heldOut.has(cell)), `cell ${cell} is held out and trained on`);
    }
  });

  law("gives the same split for the same seed", async (survey, seed) => {
    assertSame(
      splitOf(await plan(survey, seed), survey),
      splitOf(await plan(survey, seed), survey),
    );
  });

  law("never writes its survey", async (survey, seed) => {
    const before = structuredClone(await survey.sums());
    await plan(survey, seed);
    assertSame(await survey.sums(), before);
  });

  if (seed === "used") {
    law("gives other splits for other seeds", async (survey, seed) => {
      // Two seeds may agree where there is little to deal; ten do not.
      const splits = new Set<string>();
      for (let other = seed; other < seed + 10; other++) {
        const { rank, parts } = splitOf(await plan(survey, other), survey);
        splits.add(`${rank} ${parts}`);
      }
      ok(splits.size > 1, "ten seeds give the same split");
    });
  }
}

function splitOf({ rank, base, stages, partition }: Curriculum, { cells }: Survey) {
  return { rank, base, stages, parts: partsOf(partition, cells) };
}

const partsOf = ({ part }: Curriculum["partition"], cells: number) =>
  Int32Array.from({ length: cells }, (_, cell) => part(cell));
