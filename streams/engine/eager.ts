/**
 * An engine that runs programs operation by operation on a tfjs backend.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import {
  type Abilities,
  type Arrays,
  type Compiled,
  type Draw,
  type Engine,
  type Layout,
  type Program,
  type State,
} from "../../core/model/program.ts";
import { RunError } from "../../core/errors.ts";
import { estimateBytes } from "../trace/estimate.ts";
import { applyProgram } from "./apply.ts";
import { allocateEager, type EagerState } from "./eager_state.ts";
import { feedOf, sizeOf } from "./feeds.ts";
import { fillSite, keepScale, noiseBy, type NoiseSite, silence } from "./noise.ts";
import { queue } from "./queue.ts";
import { attempt, refuseMisfit, refuseUnless } from "./refusals.ts";
import { quickenSegmentSum } from "./segment_sum.ts";

/** What an eager engine is opened with. */
export interface EagerOptions extends Abilities {
  /** What a reader is told. */
  readonly name: string;
  /** Name of the tfjs backend, which must be initialised. */
  readonly backend: string;
}

/** An engine on a tfjs backend. Weights, gradients and moments stay on it; outputs are read. */
export function eagerEngine({ backend, ...about }: EagerOptions): Engine {
  const states = new Map<State, EagerState>(), open = new Set<Compiled>();
  const enqueue = queue();
  let end: Promise<void> | undefined;
  if (backend === "cpu") quickenSegmentSum();

  function allocate(layout: Layout, use: State["use"]): State {
    refuseUnless(!end, "allocate weights", "the engine is closed");
    const eager = allocateEager(backend, layout, use);
    const touch = <A>(action: string, f: () => Promise<A>): Promise<A> =>
      enqueue(() =>
        attempt(action, () => {
          refuseUnless(states.has(state), action, "the state is closed");
          return f();
        })
      );
    const state: State = {
      layout,
      use,
      read: (buffer) => touch(`read the ${buffer}`, () => eager.read(buffer)),
      write: (buffer, values) => touch(`write the ${buffer}`, () => eager.write(buffer, values)),
      close() {
        if (states.delete(state)) eager.free();
      },
    };
    states.set(state, eager);
    return state;
  }
  function compile(program: Program, layout: Layout): Promise<Compiled> {
    const action = `run program "${program.name}"`;
    const compiled: Compiled = {
      run: (state, feeds, draw) =>
        enqueue(() =>
          attempt(action, () => {
            refuseUnless(open.has(compiled), action, "it is closed");
            const eager = states.get(state);
            if (!eager) throw new Error("its state is closed");
            refuseMisfit(program, layout, eager);
            return runOnce(program, { state: eager, feeds, draw, backend });
          })
        ),
      close: () => void open.delete(compiled),
    };
    return enqueue(() => {
      refuseUnless(!end, `compile program "${program.name}"`, "the engine is closed");
      open.add(compiled);
      return compiled;
    });
  }
  async function closeAll(): Promise<void> {
    for (const state of states.keys()) state.close();
    open.clear();
    await enqueue(() => {});
  }
  return {
    ...about,
    allocate,
    compile,
    estimate: keptBytes,
    optimise: (state, step) =>
      enqueue(() =>
        attempt("optimise", () => {
          const eager = states.get(state);
          if (!eager) throw new Error("the state is closed");
          return eager.optimise(step);
        })
      ),
    close: () => end ??= closeAll(),
  };
}

/**
 * Bytes of all tensors of a program: each lives until the gradients are there. Nothing is told of
 * programs that run here and cannot be traced.
 */
function keptBytes(program: Program, layout: Layout): number {
  try {
    return estimateBytes(program, layout, "kept");
  } catch (error) {
    if (error instanceof RunError) return 0;
    throw error;
  }
}

/** The oracle of all engines: plain JavaScript. */
export const cpuEngine = (): Engine =>
  eagerEngine({
    name: "cpu (fp32, plain JavaScript)",
    backend: "cpu",
    precision: "fp32",
    device: "processor",
    threads: 1,
  });

interface Run {
  readonly state: EagerState;
  readonly feeds: Arrays;
  readonly draw: Draw;
  readonly backend: string;
}

async function runOnce(program: Program, { state, feeds, draw, backend }: Run): Promise<Arrays> {
  const { layout, tensors, replace } = state;
  const outputs = new Map<string, tf.Tensor>();
  const results: { buffer: "weights" | "gradients"; index: number; value: tf.Tensor }[] = [];
  const indexOf = new Map(layout.slots.map((slot, i) => [slot, i]));
  try {
    applyProgram(program, layout, {
      backend,
      noise: program.purpose === "infer"
        ? silence
        : noiseBy((site, index) => drawSite({ site, index }, draw)),
      weight: (slot) => tensors.weights[indexOf.get(slot)!],
      // A backend may keep the array that it is given, and later ones may write to it.
      input: (name, spec) =>
        tf.tensor(feedOf(program, feeds, name).slice(), [...spec.shape], spec.dtype),
      output: (name, value) => void outputs.set(name, tf.keep(tf.clone(value))),
      next(slot, value) {
        results.push({
          buffer: "weights",
          index: indexOf.get(slot)!,
          value: tf.keep(tf.clone(value)),
        });
      },
      gradient(slot, value) {
        const index = indexOf.get(slot)!;
        const sum = tf.keep(tf.add(tensors.gradients[index], value));
        results.push({ buffer: "gradients", index, value: sum });
      },
    });
    const read = await Promise.all([...outputs].map(async ([name, tensor]) => {
      const values = await tensor.data();
      const copy = tensor.dtype === "float32" ? Float32Array.from(values) : Int32Array.from(values);
      return [name, copy] as const;
    }));
    for (const { buffer, index, value } of results.splice(0)) replace(buffer, index, value);
    return Object.fromEntries(read);
  } finally {
    for (const { value } of results) value.dispose();
    for (const tensor of outputs.values()) tensor.dispose();
  }
}

/** The factors of a noise site; a byte each crosses to the backend. */
function drawSite(
  { site, index }: { readonly site: NoiseSite; readonly index: number },
  draw: Draw,
): tf.Tensor {
  const keep = new Uint8Array(sizeOf(site.shape));
  fillSite(keep, { site, index }, draw);
  return tf.tidy(() =>
    tf.mul(tf.cast(tf.tensor(keep, [...site.shape], "bool"), "float32"), keepScale(site))
  );
}
