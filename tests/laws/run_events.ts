/**
 * Arbitrary run events, for tests of whatever reads them.
 *
 * @module
 */

import fc from "fast-check";
import type { RunEvent } from "../../core/events.ts";

type Started = Extract<RunEvent, { type: "started" }>;

/** Names that break tables, files and markup when they are not treated as text. */
const name = (): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constantFrom("baseline", "replay", "T1", 'a "b", c', "a|b & 5 % #_$\\", "<b>", "两个", ""),
    fc.string({ maxLength: 8 }),
  );

/** A number of a size that scores have, to six decimals. */
const score = (): fc.Arbitrary<number> =>
  fc.integer({ min: -10_000_000, max: 10_000_000 }).map((millionths) => millionths / 1e6);

const count = (): fc.Arbitrary<number> => fc.nat(100_000);

/** What a run says when it starts: up to four methods, three seeds, three gene stages, two evaluators. */
export function started(): fc.Arbitrary<Started> {
  const stage = fc.record({ name: name(), genes: count(), cells: count() });
  const evaluator = fc.record({
    name: name(),
    unit: name(),
    better: fc.constantFrom("lower" as const, "higher" as const),
  });
  return fc.record({
    type: fc.constant("started" as const),
    experiment: name(),
    methods: fc.uniqueArray(name(), { minLength: 1, maxLength: 4 }),
    seeds: fc.uniqueArray(fc.nat(1000), { minLength: 1, maxLength: 4 }),
    engine: name(),
    cells: count(),
    genes: count(),
    steps: count(),
    estimate: count(),
    stages: fc.array(stage, { minLength: 2, maxLength: 4 }),
    evaluators: fc.uniqueArray(evaluator, {
      minLength: 1,
      maxLength: 2,
      selector: (evaluator) => evaluator.name,
    }),
  });
}

/**
 * A run from its start to its end: a stage and a step, then a score of every method with every seed
 * about every set of genes that has arrived after every stage, with up to two trials.
 */
export function finishedRun(): fc.Arbitrary<RunEvent[]> {
  return fc.tuple(started(), fc.integer({ min: 1, max: 2 })).chain(([run, trials]) => {
    const places = run.evaluators.flatMap((evaluator) =>
      run.methods.flatMap((method) =>
        run.seeds.flatMap((seed) =>
          run.stages.flatMap((_, after) =>
            run.stages.slice(1, after + 1).flatMap(({ name }, i) =>
              Array.from({ length: trials }, (_, trial) => ({
                method,
                seed,
                trial,
                evaluator: evaluator.name,
                set: name,
                own: i + 1,
                after,
              }))
            )
          )
        )
      )
    );
    const place = { methods: run.methods, seed: run.seeds[0], stage: 0 };
    return fc.tuple(
      fc.array(score(), { minLength: places.length, maxLength: places.length }),
      fc.nat(1_000_000),
    ).map(([values, seconds]): RunEvent[] => [
      run,
      { type: "stage", ...place, steps: 1 },
      { type: "step", ...place, step: 1, cells: 8, loss: 0.5 },
      ...places.map((place, i) => ({
        type: "score" as const,
        score: { ...place, value: values[i] },
      })),
      { type: "finished", seconds },
    ]);
  });
}

/**
 * Events in any order and number: runs cut short, pieces of several runs, steps of methods nobody
 * announced, numbers that are none.
 */
export function oddEvents(): fc.Arbitrary<RunEvent[]> {
  const number = fc.oneof(fc.constantFrom(NaN, Infinity, -Infinity, 1e300, -1), score());
  const place = { methods: fc.array(name(), { maxLength: 3 }), seed: number, stage: number };
  const event: fc.Arbitrary<RunEvent> = fc.oneof(
    started(),
    fc.record({ type: fc.constant("stage" as const), ...place, steps: number }),
    fc.record({
      type: fc.constant("step" as const),
      ...place,
      step: number,
      cells: number,
      loss: number,
    }),
    fc.record({
      type: fc.constant("score" as const),
      score: fc.record({
        method: name(),
        seed: number,
        trial: number,
        evaluator: name(),
        set: name(),
        own: number,
        after: number,
        value: number,
      }),
    }),
    fc.record({ type: fc.constant("saved" as const), ...place, file: name() }),
    fc.record({ type: fc.constant("warning" as const), message: name() }),
    fc.record({ type: fc.constant("resumed" as const) }),
    fc.record({ type: fc.constant("finished" as const), seconds: number }),
  );
  const cut = fc.tuple(finishedRun(), fc.nat(), fc.nat()).map(([run, from, to]) =>
    run.slice(from % 3, to % (run.length + 1))
  );
  return fc.array(fc.oneof(cut, fc.array(event, { maxLength: 5 })), { maxLength: 3 })
    .map((pieces) => pieces.flat());
}
