import assert from "node:assert/strict";
import fc from "fast-check";
import { arrange, type Curriculum } from "../core/curriculum.ts";
import { dealCells, partitionBy } from "../core/partition.ts";
import { permutation } from "../core/permutation.ts";
import { keyOf } from "../core/random.ts";
import type { Replay } from "../core/replay.ts";
import { isNeeded, type Leg, legsOf, methodAt, type Side } from "../streams/legs.ts";
import type { MethodPlan } from "../streams/run.ts";
import { assertSame } from "./first_difference.ts";

const replay = (): Replay => {
  throw new Error("a plan makes no memory");
};
const method = (name: string, plan: Partial<MethodPlan> = {}): MethodPlan => ({
  ...{ name, stages: "sequential", replay: undefined, distiller: undefined },
  ...plan,
});

/** A curriculum of so many gene stages. */
function curriculumOf(stages: number): Curriculum {
  const sets = Array.from({ length: stages }, (_, i) => ({ name: `T${i + 1}`, genes: [i] }));
  const dealt = dealCells({ cells: 90, sets: stages, heldOut: 10, baseShare: 0.5 });
  return { ...arrange(10, sets), partition: partitionBy(permutation(90, keyOf(1)), dealt) };
}
const plan = (stages: number, methods: readonly MethodPlan[]) =>
  legsOf({
    curriculum: curriculumOf(stages),
    training: { batch: 8, epochs: 1, microBatch: null, rate: 0.01, warmup: 0 },
    methods,
  });

/** A leg in a word or two, for who reads a plan. */
function told(leg: Leg): string {
  const names = (methods: readonly MethodPlan[]) => methods.map(({ name }) => name).join("+");
  if (leg.does === "branch") return `branch ${leg.method.name}`;
  if (leg.does === "remember") return `remember ${leg.course.stage.index}`;
  const what = leg.does === "train" ? leg.course.stage.index : `after ${leg.after}`;
  return `${leg.does} ${leg.on} ${what} for ${names(leg.methods)}`;
}

Deno.test("legsOf() trains what methods share once, and then each on a branch of its own", () => {
  const methods = [method("base"), method("kept", { replay }), method("all", { stages: "joint" })];
  assertSame(plan(3, methods).map(told), [
    "train trunk 0 for base+kept+all",
    "branch all",
    "train branch 3 for all",
    "judge branch after 3 for all",
    "train trunk 1 for base+kept",
    "judge trunk after 1 for base+kept",
    "branch base",
    "train branch 2 for base",
    "judge branch after 2 for base",
    "train branch 3 for base",
    "judge branch after 3 for base",
    "branch kept",
    "remember 1",
    "train branch 2 for kept",
    "judge branch after 2 for kept",
    "remember 2",
    "train branch 3 for kept",
    "judge branch after 3 for kept",
  ]);
});

Deno.test("legsOf() branches nobody where one gene stage is all, but who is trained jointly", () => {
  assertSame(plan(1, [method("base"), method("kept", { replay })]).map(told), [
    "train trunk 0 for base+kept",
    "train trunk 1 for base+kept",
    "judge trunk after 1 for base+kept",
  ]);
  assertSame(plan(2, [method("all", { stages: "joint" })]).map(told), [
    "train trunk 0 for all",
    "branch all",
    "train branch 2 for all",
    "judge branch after 2 for all",
  ]);
});

const anyMethods = fc.array(
  fc.record({ stages: fc.constantFrom("sequential", "joint"), remembers: fc.boolean() }),
  { minLength: 1, maxLength: 5 },
).map((plans) =>
  plans.map(({ stages, remembers }, i) =>
    method(`m${i}`, { stages, replay: remembers && stages === "sequential" ? replay : undefined })
  )
);
const anyPlan = fc.record({ stages: fc.integer({ min: 1, max: 4 }), methods: anyMethods });

/** What a method goes through: the legs that serve it, on whichever side. */
const wayOf = (legs: readonly Leg[], own: MethodPlan) =>
  legs.filter((leg) => "methods" in leg && leg.methods.includes(own));

Deno.test("legsOf() judges every method once after each of its trainings but the base stage's", () =>
  fc.assert(fc.property(anyPlan, ({ stages, methods }) => {
    const legs = plan(stages, methods);
    for (const own of methods) {
      const stagesOf = Array.from({ length: stages }, (_, i) => i + 1);
      const trained = own.stages === "joint" ? [stages] : stagesOf;
      assertSame(
        wayOf(legs, own).map((leg) =>
          leg.does === "train"
            ? ["train", leg.course.stage.index]
            : ["judge", (leg as Extract<Leg, { does: "judge" }>).after]
        ),
        [["train", 0], ...trained.flatMap((stage) => [["train", stage], ["judge", stage]])],
      );
    }
  })));

Deno.test("legsOf() lets a method with a memory see each earlier gene stage once, before the next", () =>
  fc.assert(fc.property(anyPlan, ({ stages, methods }) => {
    const legs = plan(stages, methods);
    for (const [i, leg] of legs.entries()) {
      if (leg.does !== "remember") continue;
      const next = legs[i + 1];
      assert.ok(next.does === "train" && next.on === "branch");
      assert.equal(leg.course.stage.index, next.course.stage.index - 1);
      assert.ok(methodAt(legs, i)?.replay);
    }
    const remembered = legs.filter(({ does }) => does === "remember").length;
    const keepers = methods.filter((method) => method.replay).length;
    assert.equal(remembered, keepers * (stages - 1));
  })));

Deno.test("isNeeded() is true of a model exactly until a leg has used it last", () =>
  fc.assert(fc.property(anyPlan, ({ stages, methods }) => {
    const legs = plan(stages, methods);
    const uses = (leg: Leg, side: Side): boolean =>
      "on" in leg ? leg.on === side : leg.does === "branch" && side === "trunk";
    for (let over = 0; over <= legs.length; over++) {
      const rest = legs.slice(over), last = (side: Side) => rest.some((leg) => uses(leg, side));
      assert.equal(isNeeded(legs, "trunk", over), last("trunk"), `trunk after ${over}`);
      // A branch that begins anew needs nothing of the one before.
      const next = rest.findIndex(({ does }) => does === "branch");
      const own = rest.slice(0, next < 0 ? rest.length : next);
      const needed = own.some((leg) => uses(leg, "branch"));
      assert.equal(isNeeded(legs, "branch", over), needed, `branch after ${over}`);
      if (needed) assert.ok(methodAt(legs, over), "there is a branch to need");
    }
    assert.equal(isNeeded(legs, "trunk", 0), true);
  })));

Deno.test("methodAt() names whose branch the legs on a branch serve", () =>
  fc.assert(fc.property(anyPlan, ({ stages, methods }) => {
    const legs = plan(stages, methods);
    assert.equal(methodAt(legs, 0), undefined);
    for (const [i, leg] of legs.entries()) {
      if (!("on" in leg) || leg.on === "trunk") continue;
      assertSame([methodAt(legs, i)], leg.methods);
    }
  })));
