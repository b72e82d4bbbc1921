/**
 * One seed on its way: its models and its memory, and how they are put down and taken up again.
 *
 * @module
 */

import { derive, keyOf } from "../core/random.ts";
import type { Replay } from "../core/replay.ts";
import type { Bookmark } from "./checkpoint/bookmark.ts";
import type { Learner, Model } from "./learner.ts";
import { isNeeded, type Leg, methodAt, type Side } from "./legs.ts";
import type { MethodPlan } from "./run.ts";

/** Models and memory of a seed. */
export interface Traveller {
  readonly seed: number;
  /** The leg that the seed begins with, by its number, and steps of it that are made already. */
  readonly first: number;
  readonly made: number;
  /** What else the training that is under way needs. */
  readonly training: Bookmark["training"];
  model(side: Side): Model;
  memory(): Replay | undefined;
  /** Begins the branch and the memory of a method. */
  branch(method: MethodPlan): void;
  /** Counts an event that was told. */
  told(): void;
  /** Where the seed is: so many legs are over, and so many steps made of the next. */
  bookmark(leg: number, step: number): Promise<Bookmark>;
  close(): void;
}

/** A seed at the beginning of its way, or where a bookmark says. */
export function travellerOf(
  { seed, legs, learner, found }: {
    readonly seed: number;
    readonly legs: readonly Leg[];
    readonly learner: Learner;
    readonly found: Bookmark | undefined;
  },
): Traveller {
  const key = keyOf(seed), { leg: first = 0, step: made = 0, training } = found ?? {};
  const models = new Map<Side, Model>();
  let memory: Replay | undefined, events = found?.events ?? 0;

  function hold(side: Side, model: Model): void {
    models.get(side)?.close();
    models.set(side, model);
  }
  function model(side: Side): Model {
    const held = models.get(side);
    if (held) return held;
    throw new RangeError(`Cannot find the ${side} of seed ${seed}: it has not begun`);
  }
  function remembering(method: MethodPlan | undefined): void {
    memory = method?.replay?.(derive(key, "replay"));
  }

  if (found === undefined) hold("trunk", learner.begin(derive(key, "weights")));
  if (found?.trunk) hold("trunk", learner.hold(found.trunk));
  if (found?.branch) hold("branch", learner.hold(found.branch));
  remembering(methodAt(legs, first));
  if (found?.memory) memory?.restore(found.memory);

  return {
    seed,
    first,
    made,
    training,
    model,
    memory: () => memory,
    branch(method) {
      hold("branch", model("trunk").copy());
      remembering(method);
    },
    told: () => void events++,
    async bookmark(leg, step) {
      const weights = (side: Side) =>
        isNeeded(legs, side, leg) ? model(side).weights() : Promise.resolve(undefined);
      const next = legs[leg];
      return {
        seed,
        leg,
        step,
        events,
        trunk: await weights("trunk"),
        branch: await weights("branch"),
        training: step > 0 && next?.does === "train" ? await model(next.on).training() : undefined,
        memory: isNeeded(legs, "branch", leg) ? memory?.save() : undefined,
      };
    },
    close() {
      for (const model of models.values()) model.close();
    },
  };
}
