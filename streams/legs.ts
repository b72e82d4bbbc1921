/**
 * The way of every seed, leg by leg: a plan, nothing done.
 *
 * The base stage and the first gene stage are trained once, since no method differs before there is
 * something to forget: on the trunk. Then every method goes its own way on a copy, a branch. Between
 * two legs a seed is nothing but its models and what it remembers, which is why it can stop there and
 * go on another day.
 *
 * @module
 */

import type { Curriculum } from "../core/curriculum.ts";
import { type Course, jointCourse, stageCourse } from "./course.ts";
import type { MethodPlan, Run } from "./run.ts";

/** The model that methods share, or the copy of one of them. */
export type Side = "trunk" | "branch";

/** One leg. */
export type Leg =
  /** Steps of a model on the cells of a course, for the methods that it serves. */
  | Served & { readonly does: "train"; readonly course: Course }
  /** Questions to a model after a stage. */
  | Served & { readonly does: "judge"; readonly after: number }
  /** The branch, and the memory, of another method begin. */
  | { readonly does: "branch"; readonly method: MethodPlan }
  /** The cells of a course, once more, for the memory. */
  | { readonly does: "remember"; readonly course: Course };

interface Served {
  readonly on: Side;
  readonly methods: readonly MethodPlan[];
}

/** The legs of a seed, in order. */
export function legsOf(
  { curriculum, training, methods }: Pick<Run, "curriculum" | "training" | "methods">,
): Leg[] {
  const stage = (index: number) => stageCourse(curriculum, training, index);
  const joint = methods.filter(({ stages }) => stages === "joint");
  const sequential = methods.filter(({ stages }) => stages === "sequential");
  const shared = (methods: readonly MethodPlan[]) => ({ on: "trunk", methods }) as const;

  return [
    { does: "train", ...shared(methods), course: stage(0) },
    ...joint.flatMap((method) =>
      branch(method, [{ course: jointCourse(curriculum, training), after: last(curriculum) }])
    ),
    ...(sequential.length === 0 ? [] : [
      { does: "train", ...shared(sequential), course: stage(1) } as const,
      { does: "judge", ...shared(sequential), after: 1 } as const,
    ]),
    ...sequential.flatMap((method) =>
      branch(
        method,
        curriculum.stages.slice(2).map(({ index }) => ({
          course: stage(index),
          after: index,
          ...(method.replay ? { remembered: stage(index - 1) } : {}),
        })),
      )
    ),
  ];
}

/** Trainings of one method, each judged. */
function branch(
  method: MethodPlan,
  parts: readonly {
    readonly course: Course;
    readonly after: number;
    readonly remembered?: Course;
  }[],
): Leg[] {
  if (parts.length === 0) return [];
  const own = { on: "branch", methods: [method] } as const;
  return [
    { does: "branch", method },
    ...parts.flatMap(({ course, after, remembered }): Leg[] => [
      ...(remembered ? [{ does: "remember", course: remembered } as const] : []),
      { does: "train", ...own, course },
      { does: "judge", ...own, after },
    ]),
  ];
}

const last = ({ stages }: Curriculum): number => stages.length - 1;

/** Whether a model is still of use after so many legs. */
export function isNeeded(legs: readonly Leg[], side: Side, over: number): boolean {
  const rest = legs.slice(over), next = rest.findIndex(({ does }) => does === "branch");
  if (side === "trunk" && next >= 0) return true;
  return rest.slice(0, next < 0 ? undefined : next).some((leg) => "on" in leg && leg.on === side);
}

/** The method whose branch it is after so many legs. */
export function methodAt(legs: readonly Leg[], over: number): MethodPlan | undefined {
  const leg = legs.slice(0, over).findLast(({ does }) => does === "branch");
  return leg?.does === "branch" ? leg.method : undefined;
}
