/**
 * What the forward pass saves for gradients, kept in bf16: half of the memory, and of its traffic.
 *
 * Saved is what the forward pass makes and a gradient reads. Where every gradient that reads a value
 * can read it in bf16, a copy is made as soon as the value is there; what the forward pass itself
 * goes on with stays a float.
 *
 * @module
 */

import type { Trace } from "../../../../streams/trace/trace.ts";
import { codeOf } from "../codes.ts";
import { sizeOf } from "./axes.ts";
import type { Lowered, Step, Value, Word } from "./planner.ts";

/** The same steps with saved values in bf16, and the steps that round them. */
export function savedInBf16(lowered: Lowered, traced: Trace): Lowered {
  const { steps, values, rootOf } = lowered, isForward = leadingToResults(lowered, traced);
  const leaving = new Set(traced.graph.outputs.map(({ name }) => rootOf(name)));
  const lastWriters = new Map(
    steps.flatMap((step) => step.writes.map((name) => [rootOf(name), step] as const)),
  );
  const readers = Map.groupBy(
    steps.filter((step) => !isForward.has(step)).flatMap((step) =>
      [...new Set(step.reads.map(rootOf))].map((root) => [root, step] as const)
    ),
    ([root]) => root,
  );

  const copies = new Map<string, Value>();
  for (const [root, writer] of lastWriters) {
    const value = values.get(root)!, gradients = readers.get(root) ?? [];
    const isSaved = isForward.has(writer) && gradients.length > 0 && !leaving.has(root);
    if (!isSaved || value.type !== "float32") continue;
    if (!gradients.every(([, step]) => canReadBf16(step, root, rootOf))) continue;
    copies.set(root, { name: `${root}:bf16`, type: "bfloat16", shape: value.shape });
  }

  return {
    ...lowered,
    values: new Map([...values, ...[...copies.values()].map((copy) => [copy.name, copy] as const)]),
    steps: steps.flatMap((step) => [
      isForward.has(step) ? step : reading(step, (name) => copies.get(rootOf(name))?.name),
      ...[...new Set(step.writes.map(rootOf))].flatMap((root) => {
        const copy = lastWriters.get(root) === step ? copies.get(root) : undefined;
        return copy ? [rounding(root, copy)] : [];
      }),
    ]),
  };
}

/** The steps without which some result of the program would be missing: all but those of gradients. */
function leadingToResults(
  { steps, rootOf }: Lowered,
  { graph, roles }: Trace,
): ReadonlySet<Step> {
  const results = graph.outputs.filter(({ name }) =>
    ["output", "next"].includes(roles.get(name)!.is)
  );
  const needed = new Set(results.map(({ name }) => rootOf(name))), leading = new Set<Step>();
  for (const step of steps.toReversed()) {
    if (!step.writes.some((name) => needed.has(rootOf(name)))) continue;
    leading.add(step);
    for (const name of step.reads) needed.add(rootOf(name));
  }
  return leading;
}

/** Whether a step can read a value in bf16 wherever it reads it. */
function canReadBf16(
  { words, either = [] }: Step,
  root: string,
  rootOf: Lowered["rootOf"],
): boolean {
  const reads = words.filter((word) => typeof word === "object" && rootOf(word.memory) === root);
  return reads.length === either.filter(([name]) => rootOf(name) === root).length;
}

/** The step with copies in bf16 in the places of what it reads. */
function reading(step: Step, copyOf: (name: string) => string | undefined): Step {
  const words = step.words.map((word): Word =>
    typeof word === "number" ? word : { memory: copyOf(word.memory) ?? word.memory }
  );
  for (const [name, place] of step.either ?? []) {
    if (copyOf(name) !== undefined) words[place] = codeOf("TYPE", "bfloat16");
  }
  return { ...step, words, reads: step.reads.map((name) => copyOf(name) ?? name) };
}

const rounding = (root: string, { name, shape }: Value): Step => ({
  op: "mapOne",
  words: [
    { memory: name },
    { memory: root },
    codeOf("ONE", "ToBfloat16"),
    codeOf("TYPE", "float32"),
    sizeOf(shape),
    0,
    0,
  ],
  reads: [root],
  writes: [name],
});
