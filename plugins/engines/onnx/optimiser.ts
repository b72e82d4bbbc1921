/**
 * Adam on native memory: a small graph that runs over the flat buffers, in place, as many cache-sized
 * pieces at a time as there are threads.
 *
 * @module
 */

import { type AdamScalars, adamScalars } from "../../../core/model/composites/mod.ts";
import { type AdamStep, BUFFERS } from "../../../core/model/program.ts";
import { type Graph, graphBuilder } from "../../../streams/trace/graph.ts";
import { allocateBlock, type Tensor, tensorAt } from "./memory.ts";
import type { Runtime } from "./runtime.ts";
import { openSession } from "./session.ts";
import type { NativeState } from "./state.ts";

/** Floats in a piece: its four buffers and what is computed in between stay in the cache. */
const PIECE = 2 ** 17;

const SCALARS: readonly (keyof AdamScalars)[] = [
  "beta1",
  "rest1",
  "beta2",
  "rest2",
  "rate",
  "epsilon",
];

/** The optimiser of an engine. */
export interface Optimiser {
  /** Fixes the memory of a state. */
  bind(state: NativeState): BoundOptimiser;
  free(): void;
}

/** The optimiser on a state. */
export interface BoundOptimiser {
  /** Whether no gradient, nor its square, is infinite or not a number. */
  isFinite(): Promise<boolean>;
  /** Applies one step to weights and moments; the gradients stay as they are. */
  step(step: AdamStep): Promise<void>;
  free(): void;
}

/** Opens the optimiser on that many threads. */
export async function openOptimiser(runtime: Runtime, threads: number): Promise<Optimiser> {
  // Pieces are too small to be shared out among threads: each is one thread's.
  const session = await openSession(runtime, adamGraph(), { threads: 1 });
  const sum = await openSession(runtime, sumGraph(), { threads });
  const block = allocateBlock(runtime, 4 * (SCALARS.length + 1));
  const scalars = new Float32Array(block.buffer, 0, SCALARS.length);
  const total = new Float32Array(block.buffer, 4 * SCALARS.length, 1);
  const summed = tensorAt(runtime, block.address + BigInt(total.byteOffset), {
    dtype: "float32",
    shape: [],
  });
  const fed = SCALARS.map((name, i): [string, Tensor] => [
    name,
    tensorAt(runtime, block.address + BigInt(4 * i), { dtype: "float32", shape: [] }),
  ]);

  function bindPiece(state: NativeState, offset: number) {
    const length = Math.min(PIECE, state.layout.size - offset);
    const parts = BUFFERS.map((name): [string, Tensor] => [
      name,
      state.tensor(name, { offset, shape: [length] }),
    ]);
    const outputs = parts.filter(([name]) => name !== "gradients")
      .map(([name, tensor]): [string, Tensor] => [`${name} after`, tensor]);
    return session.bind(new Map([...parts, ...fed]), new Map(outputs));
  }
  return {
    bind(state) {
      const count = Math.ceil(state.layout.size / PIECE);
      const pieces = Array.from({ length: count }, (_, i) => bindPiece(state, i * PIECE));
      const gradients = state.tensor("gradients", { offset: 0, shape: [state.layout.size] });
      const squares = sum.bind(new Map([["gradients", gradients]]), new Map([["sum", summed]]));
      return {
        async isFinite() {
          await squares.run();
          return Number.isFinite(total[0]);
        },
        async step(step) {
          const values = adamScalars(step);
          scalars.set(SCALARS.map((name) => values[name]));
          const left = pieces.values();
          const lane = async () => {
            for (const piece of left) await piece.run();
          };
          // All of them end before anyone hears of it, also when one fails.
          const lanes = await Promise.allSettled(Array.from({ length: threads }, lane));
          for (const lane of lanes) if (lane.status === "rejected") throw lane.reason;
        },
        free() {
          for (const binding of [squares, ...pieces]) binding.free();
        },
      };
    },
    free() {
      for (const tensor of [summed, ...fed.map(([, tensor]) => tensor)]) tensor.free();
      block.free();
      for (const each of [session, sum]) each.free();
    },
  };
}

/** The composite `adam` on pieces of any length. */
function adamGraph(): Graph {
  const graph = graphBuilder(), length = "length";
  const [weights, gradients, first, second] = BUFFERS.map((name) =>
    graph.input({ name, dtype: "float32", shape: [length] })
  );
  const [beta1, rest1, beta2, rest2, rate, epsilon] = SCALARS.map((name) =>
    graph.input({ name, dtype: "float32", shape: [] })
  );
  const add = (a: string, b: string) => graph.add("Add", [a, b]);
  const times = (a: string, b: string) => graph.add("Mul", [a, b]);
  const mean = add(times(first, beta1), times(gradients, rest1));
  const square = add(times(second, beta2), times(times(gradients, gradients), rest2));
  const quotient = graph.add("Div", [mean, add(graph.add("Sqrt", [square]), epsilon)]);
  const results = {
    weights: graph.add("Sub", [weights, times(quotient, rate)]),
    firstMoment: mean,
    secondMoment: square,
  };
  for (const [name, value] of Object.entries(results)) {
    graph.output({ name: `${name} after`, dtype: "float32", shape: [length] }, value);
  }
  return graph.build();
}

/** The sum of all squared gradients. */
function sumGraph(): Graph {
  const graph = graphBuilder();
  const gradients = graph.input({ name: "gradients", dtype: "float32", shape: ["length"] });
  const sum = graph.add("ReduceSumSquare", [gradients], { keepdims: 0 });
  graph.output({ name: "sum", dtype: "float32", shape: [] }, sum);
  return graph.build();
}
