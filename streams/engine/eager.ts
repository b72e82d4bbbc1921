/**
 * An engine that runs programs operation by operation on a tfjs backend.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import {
  type Arrays,
  at,
  type Compiled,
  type Engine,
  type Layout,
  type Program,
  type State,
} from "../../core/model/program.ts";
import type { Key } from "../../core/random.ts";
import { adamInPlace } from "./adam.ts";
import { applyProgram } from "./apply.ts";
import { feedOf, sizeOf } from "./feeds.ts";
import { fillSite, keepScale, noiseBy, type NoiseSite, silence } from "./noise.ts";
import { refuseInference, refuseMisfit, refuseUnless } from "./refusals.ts";
import { quickenSegmentSum } from "./segment_sum.ts";

/** An engine on the tfjs backend of that name, whose kernels must answer synchronously. */
export function eagerEngine(name: string, backend: string): Engine {
  const open = new Set<State | Compiled>();
  let closed = false;
  if (backend === "cpu") quickenSegmentSum();

  function allocate(layout: Layout, use: "training" | "inference"): State {
    refuseUnless(!closed, "allocate weights", "the engine is closed");
    const moments = use === "training" ? layout.size : 0;
    const state: State = {
      layout,
      weights: new Float32Array(layout.size),
      gradients: new Float32Array(moments),
      firstMoment: new Float32Array(moments),
      secondMoment: new Float32Array(moments),
      close: () => void open.delete(state),
    };
    open.add(state);
    return state;
  }
  function compile(program: Program, layout: Layout): Promise<Compiled> {
    const compiled: Compiled = {
      run: (state, feeds, key) =>
        promise(() => {
          refuseUnless(open.has(compiled), `run program "${program.name}"`, "it is closed");
          refuseUnless(open.has(state), `run program "${program.name}"`, "its state is closed");
          refuseMisfit(program, layout, state);
          return runOnce(program, { state, feeds, key, backend });
        }),
      close: () => void open.delete(compiled),
    };
    return promise(() => {
      refuseUnless(!closed, `compile program "${program.name}"`, "the engine is closed");
      open.add(compiled);
      return compiled;
    });
  }
  return {
    name,
    allocate,
    compile,
    optimise: (state, step) =>
      promise(() => {
        refuseUnless(open.has(state), "optimise", "the state is closed");
        refuseInference(state, "optimise");
        adamInPlace(state, step);
      }),
    close: () =>
      promise(() => {
        closed = true;
        open.clear();
      }),
  };
}

interface Run {
  readonly state: State;
  readonly feeds: Arrays;
  readonly key: Key;
  readonly backend: string;
}

function runOnce(program: Program, { state, feeds, key, backend }: Run): Arrays {
  const outputs: Record<string, Float32Array | Int32Array> = {};
  applyProgram(program, state.layout, {
    backend,
    noise: program.purpose === "infer"
      ? silence
      : noiseBy((site, index) => tf.tensor(drawSite(site, key, index), [...site.shape])),
    // A backend may keep the array that it is given, and later ones may write to it.
    weight: (slot) => tf.tensor(at(state.weights, slot).slice(), [...slot.shape]),
    input: (name, spec) =>
      tf.tensor(feedOf(program, feeds, name).slice(), [...spec.shape], spec.dtype),
    output: (name, value) => {
      const values = value.dataSync();
      outputs[name] = value.dtype === "float32"
        ? Float32Array.from(values)
        : Int32Array.from(values);
    },
    gradient: (slot, value) => {
      const sum = at(state.gradients, slot), term = value.dataSync();
      for (let i = 0; i < sum.length; i++) sum[i] += term[i];
    },
  });
  return outputs;
}

function drawSite(site: NoiseSite, key: Key, index: number): Float32Array {
  const keep = new Uint8Array(sizeOf(site.shape)), scale = keepScale(site);
  fillSite(keep, site, key, index);
  const drawn = new Float32Array(keep.length);
  for (let i = 0; i < keep.length; i++) drawn[i] = keep[i] * scale;
  return drawn;
}

/** The outcome of a synchronous `f` as a promise. */
const promise = <T>(f: () => T): Promise<T> => new Promise((resolve) => resolve(f()));
