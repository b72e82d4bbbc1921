import { ok } from "node:assert/strict";
import fc from "fast-check";
import type { RunEvent } from "../core/events.ts";
import { resultsOf } from "../core/report/results.ts";
import { pairedDifference } from "../core/spread.ts";
import { wordsOf } from "../core/report/words.ts";
import { assertSame } from "./first_difference.ts";
import { golden } from "./golden.ts";
import { type GoldenRow, goldenRun } from "./golden_run.ts";

/** What one seed measured: the first genes' loss when learned and at the end, the last genes' loss. */
interface Seed {
  readonly learned: number;
  readonly end: number;
  readonly newest: number;
}
/** Both methods with one seed. */
interface Pair {
  readonly baseline: Seed;
  readonly replay: Seed;
}

/** Effects of all sizes, under noise that hides some of them. */
function pairs(): fc.Arbitrary<Pair[]> {
  const effect = fc.constantFrom(-0.2, 0, 0.05, 0.2, 1);
  return fc.tuple(fc.tuple(effect, effect, effect), fc.integer({ min: 1, max: 5 })).chain(
    ([[lost, spared, price], seeds]) => {
      const noise = fc.double({ min: -0.05, max: 0.05, noNaN: true });
      return fc.array(fc.array(noise, { minLength: 6, maxLength: 6 }), {
        minLength: seeds,
        maxLength: seeds,
      }).map((noises) =>
        noises.map(([a, b, c, d, e, f]) => ({
          baseline: { learned: 0.4 + a, end: 0.4 + lost + b, newest: 0.3 + c },
          replay: { learned: 0.4 + d, end: 0.4 + lost - spared + e, newest: 0.3 + price + f },
        }))
      );
    },
  );
}

/** The words about a run with these losses, or with their negatives as scores that should be high. */
function words(pairs: readonly Pair[], better: "lower" | "higher" = "lower"): string[] {
  const sign = better === "lower" ? 1 : -1;
  const score = (
    method: string,
    seed: number,
    place: [number, number],
    value: number,
  ): RunEvent => ({
    type: "score",
    score: {
      method,
      seed,
      trial: 0,
      evaluator: "score",
      set: `T${place[0]}`,
      own: place[0],
      after: place[1],
      value: sign * value,
    },
  });
  return wordsOf(
    resultsOf([
      {
        type: "started",
        experiment: "made up",
        methods: ["baseline", "replay"],
        seeds: pairs.map((_, seed) => seed),
        engine: "none",
        cells: 1,
        genes: 1,
        steps: 1,
        estimate: 1,
        stages: ["base", "T1", "T2"].map((name) => ({ name, genes: 1, cells: 1 })),
        evaluators: [{ name: "score", unit: "", better }],
      },
      ...pairs.flatMap((pair, seed) =>
        (["baseline", "replay"] as const).flatMap((method) => [
          score(method, seed, [1, 1], pair[method].learned),
          score(method, seed, [1, 2], pair[method].end),
          score(method, seed, [2, 2], pair[method].newest),
        ])
      ),
    ])!,
  );
}

/** Whether `a` is greater than `b`, and not by chance: Student's paired test at five per cent. */
function isClear(a: readonly number[], b: readonly number[]): boolean {
  const { difference, p } = pairedDifference(a, b);
  return difference.mean > 0 && p < 0.05;
}
const lost = (pairs: readonly Pair[], method: keyof Pair) =>
  pairs.map((pair) => pair[method].end - pair[method].learned);

Deno.test("wordsOf() says that a method forgets only of a rise that is no chance, and then always", () =>
  fc.assert(fc.property(pairs(), (pairs) => {
    const claim = words(pairs).some((line) => line.startsWith("Baseline forgets:"));
    assertSame(claim, isClear(lost(pairs, "baseline"), pairs.map(() => 0)));
  })));

Deno.test("wordsOf() says prevented only of a difference that is no chance, and then always", () =>
  fc.assert(fc.property(pairs(), (pairs) => {
    const claim = words(pairs).some((line) => line.includes("prevented"));
    const forgets = isClear(lost(pairs, "baseline"), pairs.map(() => 0));
    assertSame(claim, forgets && isClear(lost(pairs, "baseline"), lost(pairs, "replay")));
  })));

Deno.test("wordsOf() names a price only where it is no chance, and then always", () =>
  fc.assert(fc.property(pairs(), (pairs) => {
    const claim = words(pairs).some((line) => line.includes("ended worse than baseline"));
    const newest = (method: keyof Pair) => pairs.map((pair) => pair[method].newest);
    assertSame(claim, isClear(newest("replay"), newest("baseline")));
  })));

Deno.test("wordsOf() calls a change better or worse than the baseline's, wherever both of them went", () =>
  fc.assert(fc.property(pairs(), fc.constantFrom("lower", "higher"), (pairs, better) => {
    const lines = words(pairs, better);
    ok(!lines.some((line) => /\b(rose|fell)\b/.test(line)), lines.join(" "));
    const [told] = lines.flatMap((line) =>
      /^With replay .* was (better|worse) by/.exec(line) ?? []
    );
    if (told === undefined) return;
    const by = pairedDifference(lost(pairs, "baseline"), lost(pairs, "replay")).difference.mean;
    assertSame(told.includes("was better by"), by >= 0);
  })));

Deno.test("wordsOf() does not say that a score fell which rose", () => {
  const seed = (noise: number) => ({
    baseline: { learned: 0.5, end: 0.3 + noise, newest: 0.3 },
    replay: { learned: 0.5, end: 0.1 + noise, newest: 0.3 },
  });
  const lines = words([seed(0), seed(0.01), seed(0.02)], "higher");
  assertSame(lines.slice(0, 2), [
    "Baseline does not forget: its score on the T1 genes got better, from −0.500 to −0.310 " +
    "(+0.190, 95 % interval 0.165 to 0.215; better in 3 of 3 seeds).",
    "With replay the change of the score was better by 0.200 than with baseline (95 % interval " +
    "0.200 to 0.200; better in 3 of 3 seeds).",
  ]);
});

Deno.test("wordsOf() admits what the seeds cannot tell", () =>
  fc.assert(fc.property(pairs(), (pairs) => {
    const doubts = words(pairs).filter((line) =>
      /cannot tell from chance|one seed|on average/.test(line)
    );
    const base = lost(pairs, "baseline"), other = lost(pairs, "replay"), none = base.map(() => 0);
    const unclear = [[base, none], [base, other]].filter(([a, b]) =>
      !isClear(a, b) && !isClear(b, a)
    );
    assertSame(doubts.length, unclear.length);
  })));

Deno.test("wordsOf() claims the same of scores that should be high", () =>
  fc.assert(fc.property(pairs(), (pairs) => {
    const claims = (lines: readonly string[]) =>
      lines.map((line) =>
        /forgets|not forget|prevented|worse|better|chance|one seed|on average/.exec(line)?.[0]
      );
    assertSame(claims(words(pairs, "higher")), claims(words(pairs)));
  })));

Deno.test("wordsOf() calls a change of nothing neither better nor worse", () => {
  const seed = (change: number, replayed: number) => ({
    baseline: { learned: 0.5, end: 0.5 + change, newest: 0.25 },
    replay: { learned: 0.5, end: 0.5 + replayed, newest: 0.25 },
  });
  assertSame(words([seed(0.25, 0.125), seed(-0.25, -0.125)]), [
    "Baseline: its score on the T1 genes is as it was (0.500, on average over 2 seeds).",
    "With replay the score changed as with baseline (on average over 2 seeds).",
  ]);
  assertSame(words([seed(0, 0)]), [
    "Baseline: its score on the T1 genes is as it was (0.500, with the one seed that was run).",
    "With replay the score changed as with baseline (with the one seed that was run).",
  ]);
});

Deno.test("wordsOf() gives no interval over a single seed", () => {
  const seed = { learned: 0.4, end: 0.6, newest: 0.3 };
  const lines = words([{ baseline: seed, replay: { ...seed, end: 0.5 } }]);
  assertSame(lines, [
    "Baseline: its score on the T1 genes went from 0.400 to 0.600 (+0.200) with the one seed that " +
    "was run.",
    "With replay the change of the score was better by 0.100 than with baseline, with the one seed " +
    "that was run.",
  ]);
});

Deno.test("wordsOf() says so when there was nothing to forget", () => {
  const run = goldenRun([])[0] as Extract<RunEvent, { type: "started" }>;
  const [only] = wordsOf(resultsOf([{ ...run, stages: run.stages.slice(0, 2) }])!);
  ok(only.startsWith("There is one gene stage only"), only);
});

golden<{ rows: GoldenRow[] }>(
  "wordsOf() says of the reference run what its authors' notes say",
  "gil/gil_run.json",
  ({ rows }) => {
    assertSame(wordsOf(resultsOf(goldenRun(rows))!), [
      "Baseline forgets: its regression loss on the T1 genes went from 0.380 to 0.643 (+0.264, " +
      "95 % interval 0.184 to 0.343; worse in 3 of 3 seeds).",
      "Replay prevented 85 % of that (0.223 less, 95 % interval 0.103 to 0.342; less in 3 of 3 " +
      "seeds).",
      "With distill the change of the regression loss was better by 0.025 than with baseline, " +
      "which 3 seeds cannot tell from chance (95 % interval −0.005 to 0.055; better in 3 of 3 " +
      "seeds).",
      "On the genes that came last distill ended worse than baseline (regression loss worse by " +
      "0.036, 95 % interval 0.005 to 0.068; worse in 3 of 3 seeds).",
    ]);
  },
);
