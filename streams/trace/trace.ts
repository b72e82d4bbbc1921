/**
 * From a program to its graph: the program runs once, on tensors that hold no numbers.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { RunError } from "../../core/errors.ts";
import type { Layout, Program, Slot } from "../../core/model/program.ts";
import { applyProgram, type Host } from "../engine/apply.ts";
import { keepScale, noiseBy, type NoiseSite, silence } from "../engine/noise.ts";
import { TRACE, traceBackend, withKernels } from "./backend.ts";
import type { Graph } from "./graph.ts";
import { binary } from "./kernels/binary.ts";
import { cast, CAST_TO } from "./kernels/unary.ts";
import { modelLine, withLongStacks } from "./model_line.ts";
import {
  type Kernels,
  node,
  operand,
  type Scattered,
  scatteredOf,
  type TensorType,
  type Traced,
  uniform,
  valueOf,
  whole,
} from "./traced.ts";

/** What a value that crosses the border of a traced program is. */
export type Role =
  /** A weight, the sum of its gradients before the run, and after it: the last two may be the same memory. */
  | { readonly is: "weight" | "gradient" | "sum"; readonly slot: Slot }
  | { readonly is: "input" | "output"; readonly name: string }
  /** Rows that are to be added to the gradient of a weight at their ids; rows and ids come in pairs. */
  | { readonly is: "rows" | "ids"; readonly slot: Slot }
  /** What takes the place of a weight after the run. */
  | { readonly is: "next"; readonly slot: Slot }
  /** Bytes of a noise site, 1 kept and 0 dropped. */
  | { readonly is: "noise"; readonly site: NoiseSite; readonly index: number };

/** A traced program. */
export interface Trace {
  readonly graph: Graph;
  /** By the names of the graph's ports. */
  readonly roles: ReadonlyMap<string, Role>;
}

/**
 * Traces `program`, with its gradients if it learns.
 *
 * @param composites Kernels of the composites that the engine takes over, and of their gradients, by
 *   name; all others are traced operation by operation.
 * @throws RunError when an operation cannot be recorded, or captures numbers that may be random.
 */
export function trace(program: Program, layout: Layout, composites: Kernels = {}): Trace {
  const backend = traceBackend(), graph = backend.restart();
  const roles = new Map<string, Role>();

  function tensor(name: string, dtype: TensorType, shape: readonly number[]): tf.Tensor {
    return wrap(node(graph.input({ name, dtype, shape }), dtype, shape));
  }
  function wrap(traced: Traced): tf.Tensor {
    const { shape, dtype } = traced, dataId = backend.put(traced);
    return tf.engine().makeTensorFromTensorInfo({ dataId, shape: [...shape], dtype }, backend);
  }
  function named(role: Role, word: string | number): string {
    const name = `${role.is}:${word}`;
    roles.set(name, role);
    return name;
  }
  function scatter(slot: Slot, { ids, rows, count }: Scattered, part: number): void {
    const port = (is: "rows" | "ids") => named({ is, slot }, `${slot.name}:${part}`);
    graph.output({ name: port("ids"), dtype: "int32", shape: [count] }, ids);
    const shape = [count, ...slot.shape.slice(1)];
    graph.output({ name: port("rows"), dtype: "float32", shape }, rows);
  }
  function leave(role: Role, word: string, value: tf.Tensor): void {
    const found = backend.get(value);
    const traced = found.dtype === "bool" ? cast(graph, found, "int32") : found;
    const { shape, dtype } = traced;
    graph.output({ name: named(role, word), shape, dtype }, whole(graph, traced));
  }
  const host: Host = {
    backend: TRACE,
    noise: program.purpose === "infer" ? silence : noiseBy((site, index) => {
      const name = named({ is: "noise", site, index }, index);
      graph.input({ name, shape: site.shape, dtype: "uint8" });
      const keep = node(graph.add("Cast", [name], { to: CAST_TO.float32 }), "float32", site.shape);
      return wrap(binary(graph, "Mul", keep, uniform(keepScale(site), [])));
    }),
    weight: (slot) => tensor(named({ is: "weight", slot }, slot.name), "float32", slot.shape),
    input: (name, { shape, dtype }) => tensor(named({ is: "input", name }, name), dtype, shape),
    output: (name, value) => leave({ is: "output", name }, name, value),
    next: (slot, value) => leave({ is: "next", slot }, slot.name, value),
    gradient(slot, value) {
      const term = backend.get(value), scattered = scatteredOf(term);
      if (scattered) return scattered.forEach((rows, part) => scatter(slot, rows, part));
      if (valueOf(term) === 0) return;
      const port = { dtype: "float32", shape: slot.shape } as const;
      const before = graph.input({ name: named({ is: "gradient", slot }, slot.name), ...port });
      const after = graph.add("Add", [before, operand(graph, term)]);
      graph.output({ name: named({ is: "sum", slot }, slot.name), ...port }, after);
    },
  };
  try {
    withLongStacks(() => withKernels(composites, () => applyProgram(program, layout, host)));
    return { graph: graph.build(), roles };
  } catch (error) {
    throw new RunError({ message: `Cannot compile program "${program.name}": ${reasonOf(error)}` });
  } finally {
    backend.restart();
  }
}

/** What went wrong, in a clause. */
function reasonOf(error: unknown): string {
  const { message, stack } = error as Error, line = modelLine(stack);
  const missing = /Kernel '(\w+)' not registered/.exec(message);
  if (missing) return `${missing[1]} (${line}) has no traced kernel; write it in other operations`;
  const reason = message.replace(/^Cannot /, "cannot ");
  return line === undefined || reason.includes(line) ? reason : `${reason} (${line})`;
}
