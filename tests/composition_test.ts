import assert from "node:assert/strict";
import { Effect, Exit } from "effect";
import { checkEvaluators, checkHeldOut } from "../core/composition.ts";
import { HELD_OUT } from "../core/curriculum.ts";
import { decode, type PlainSchema } from "../core/decode.ts";
import { Experiment } from "../core/experiment.ts";
import * as plugins from "../plugins/mod.ts";
import { openData } from "../streams/experiment/open_data.ts";

/** The data of a small experiment, with something of it changed. */
const opened = (change: object) =>
  Effect.scoped(Effect.gen(function* () {
    const file = {
      name: "small",
      source: { use: "synthetic", cells: 120, genes: 60, depth: 300 },
      sets: ["set-1", "set-2"].map((name) => ({ name, where: { dataset: name } })),
      curriculum: { use: "important-genes", top: 8, clearRank: 2, lastRank: 6 },
      architecture: { use: "transformer" },
      methods: { baseline: {} },
      evaluators: [{ use: "gene-regression" }],
      ...change,
    };
    const schema = Experiment as unknown as PlainSchema<Experiment>;
    return yield* openData(yield* decode(schema, file, "Cannot read it"), plugins);
  }));

/** The one sentence with which an effect fails. */
async function sentence<A>(effect: Effect.Effect<A, { readonly message: string }>) {
  const exit = await Effect.runPromiseExit(Effect.flip(effect));
  assert.ok(Exit.isSuccess(exit), "it did not fail with a sentence");
  return exit.value.message;
}

Deno.test("checkEvaluators() refuses two whose scores go by one name", async () => {
  const named = (...names: string[]) =>
    names.map((name) => ({ name, unit: "share", better: "higher" as const }));
  assert.equal(
    await sentence(checkEvaluators(named("loss", "accuracy", "loss"))),
    'Cannot tell apart two evaluators that measure "loss": scores go by that name; ' +
      "leave one out, or ask it in an experiment of its own",
  );
  await Effect.runPromise(checkEvaluators(named("loss", "accuracy")));
});

Deno.test("checkEvaluators() refuses one that does not say what it measures", async () => {
  const loss = { name: "loss", unit: "squared error", better: "lower" } as const;
  for (
    const [wrong, why] of [
      [{ name: undefined }, '"name": expected string'],
      [{ name: 3 }, '"name": expected string'],
      [{ unit: null }, '"unit": expected string'],
      [{ better: "less" }, '"better": expected "lower" | "higher"'],
    ] as const
  ) {
    assert.equal(
      await sentence(checkEvaluators([loss, { ...loss, ...wrong as object }])),
      `Cannot tell what evaluator 2 measures: ${why}`,
    );
  }
});

Deno.test("checkHeldOut() refuses questions about held-out cells only where there are none", async () => {
  const held = (cells: number) => ({ size: (part: number) => part === HELD_OUT ? cells : 9 });
  const asking = { name: "loss", cells: "held-out" } as const;
  const labelled = { name: "accuracy", cells: "labelled" } as const;
  assert.equal(
    await sentence(checkHeldOut([labelled, asking], held(0))),
    'Cannot measure "loss": no cell is held out from training; let the curriculum hold some out, ' +
      "or leave the evaluator out",
  );
  await Effect.runPromise(checkHeldOut([labelled, asking], held(1)));
  await Effect.runPromise(checkHeldOut([labelled], held(0)));
});

Deno.test("openData() refuses evaluators that would write into each other's scores", async () => {
  const twice = ["union", "own"].map((visible) => ({ use: "gene-regression", visible }));
  await Effect.runPromise(opened({ evaluators: twice }));
  const masks = [0.4, 0.8].map((mask) => ({ use: "gene-regression", mask }));
  assert.match(await sentence(opened({ evaluators: masks })), /^Cannot tell apart two evaluators/);
});

Deno.test("openData() refuses to ask about held-out cells where the curriculum holds none out", async () => {
  const all = { use: "important-genes", top: 8, clearRank: 2, lastRank: 6, heldOut: 0 };
  assert.match(await sentence(opened({ curriculum: all })), /^Cannot measure "regression loss": /);
});
