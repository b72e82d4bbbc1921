/**
 * Adam on native memory: a small graph that runs over the flat buffers, in place, a cache-sized
 * piece at a time.
 *
 * @module
 */

import type { AdamStep } from "../../../core/model/program.ts";
import { ADAM_EPSILON } from "../../../streams/engine/adam.ts";
import { type Graph, graphBuilder } from "../../../streams/trace/graph.ts";
import { allocateBlock, type Tensor, tensorAt } from "./memory.ts";
import type { Runtime } from "./runtime.ts";
import { openSession } from "./session.ts";
import { BUFFERS, type NativeState } from "./state.ts";

/** Floats in a piece: its four buffers and what is computed in between stay in the cache. */
const PIECE = 2 ** 17;

const SCALARS = ["beta1", "rest1", "beta2", "rest2", "rate", "epsilon"] as const;

/** The optimiser of an engine. */
export interface Optimiser {
  /** Fixes the memory of a state. */
  bind(state: NativeState): BoundOptimiser;
  free(): void;
}

/** The optimiser on a state. */
export interface BoundOptimiser {
  /** Applies one step to weights and moments; the gradients stay as they are. */
  step(step: AdamStep): Promise<void>;
  free(): void;
}

/** Opens the optimiser on that many threads. */
export async function openOptimiser(runtime: Runtime, threads: number): Promise<Optimiser> {
  const session = await openSession(runtime, adamGraph(), threads);
  const block = allocateBlock(runtime, 4 * SCALARS.length);
  const scalars = new Float32Array(block.buffer);
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
      return {
        async step({ rate, step, beta1, beta2 }) {
          const root = Math.sqrt(1 - beta2 ** step), scale = rate * root / (1 - beta1 ** step);
          scalars.set([beta1, 1 - beta1, beta2, 1 - beta2, scale, ADAM_EPSILON * root]);
          for (const piece of pieces) await piece.run();
        },
        free() {
          for (const piece of pieces) piece.free();
        },
      };
    },
    free() {
      for (const [, tensor] of fed) tensor.free();
      block.free();
      session.free();
    },
  };
}

/**
 * θ − rate · √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε √(1 − β₂ᵗ)): the bias corrections are drawn out of
 * the vectors into the scalars `rate` and `epsilon`.
 */
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
