/**
 * How much memory a program takes, told from its trace.
 *
 * @module
 */

import type { Layout, Program } from "../../core/model/program.ts";
import type { Graph, Node } from "./graph.ts";
import { type Role, trace } from "./trace.ts";

/** Whether a value's memory is used again after its last reader, or stays until the run ends. */
export type Lifetime = "reused" | "kept";

const ELEMENT = { float32: 4, int32: 4, int64: 8, uint8: 1, bool: 1 } as const;

/** Bytes that a run of `program` takes at most, feeds and outputs included, states not. */
export function estimateBytes(program: Program, layout: Layout, lifetime: Lifetime): number {
  const { graph, roles } = trace(program, layout);
  return bytesOf(graph, roles, lifetime);
}

/** The same of a trace. */
export function bytesOf(
  graph: Graph,
  roles: ReadonlyMap<string, Role>,
  lifetime: Lifetime,
): number {
  const ports = [...graph.inputs, ...graph.outputs].filter(({ name }) => {
    const is = roles.get(name)?.is;
    return is !== "weight" && is !== "gradient" && is !== "sum";
  }).reduce(
    (sum, { shape, dtype }) => shape.map(Number).reduce((a, b) => a * b, ELEMENT[dtype]) + sum,
    0,
  );
  const constants = graph.constants.reduce((sum, { bytes }) => sum + bytes.length, 0);
  return ports + constants + within(graph, lifetime);
}

/** Bytes of the values inside a graph at the time when they are most. */
function within({ nodes, inputs, constants, sizes }: Graph, lifetime: Lifetime): number {
  const outside = new Set([...inputs, ...constants].map(({ name }) => name));
  const memory = memoryOf(nodes), readers = new Map<string, number>();
  for (const { inputs } of nodes) {
    for (const name of inputs.map(memory)) readers.set(name, (readers.get(name) ?? 0) + 1);
  }
  let now = 0, most = 0;
  for (const { inputs, outputs } of nodes) {
    for (const name of outputs) if (memory(name) === name) now += sizes.get(name) ?? 0;
    most = Math.max(most, now);
    if (lifetime === "kept") continue;
    for (const name of inputs.map(memory)) {
      const left = readers.get(name)! - 1;
      readers.set(name, left);
      if (left === 0 && !outside.has(name)) now -= sizes.get(name) ?? 0;
    }
  }
  return most;
}

/** The value in whose memory a value lies: another shape of a value is the same memory. */
function memoryOf(nodes: readonly Node[]): (name: string) => string {
  const shared = new Map<string, string>();
  for (const { op, inputs: [from], outputs: [name] } of nodes) {
    if (op === "Reshape") shared.set(name, shared.get(from) ?? from);
  }
  return (name) => shared.get(name) ?? name;
}
