/**
 * The engine: states and compiled programs, used and freed one job after another.
 *
 * Closing takes effect at once for whoever asks next; memory is freed in the queue, behind the run
 * that may still be using it.
 *
 * @module
 */

import {
  at,
  type Compiled,
  type Engine,
  type Layout,
  type Program,
  type State,
} from "../../../core/model/program.ts";
import { queue } from "../../../streams/engine/queue.ts";
import {
  attempt,
  refuseInference,
  refuseLength,
  refuseMisfit,
  refuseUnless,
} from "../../../streams/engine/refusals.ts";
import { bytesOf } from "../../../streams/trace/estimate.ts";
import { trace } from "../../../streams/trace/trace.ts";
import type { Kernels } from "../../../streams/trace/traced.ts";
import { compositeKernels } from "./composites.ts";
import { compileProgram, type NativeProgram } from "./compiled.ts";
import { type BoundOptimiser, openOptimiser } from "./optimiser.ts";
import { returnMemory } from "./return_memory.ts";
import type { Runtime } from "./runtime.ts";
import { openScratch } from "./scratch.ts";
import { allocateState, type NativeState } from "./state.ts";

/** Opens an engine that runs on `threads` threads. */
export async function openEngine(
  runtime: Runtime,
  threads: number,
  composites: Kernels = compositeKernels(),
): Promise<Engine> {
  const optimiser = await openOptimiser(runtime, threads), scratch = openScratch(runtime);
  const states = new Map<State, NativeState>(), programs = new Map<Compiled, NativeProgram>();
  const optimisers = new Map<NativeState, BoundOptimiser>();
  const enqueue = queue();
  let running: NativeProgram | undefined, end: Promise<void> | undefined;

  function allocate(layout: Layout, use: State["use"]): State {
    refuseUnless(!end, "allocate weights", "the engine is closed");
    const native = allocateState(runtime, layout, use);
    const touch = <A>(action: string, f: () => A): Promise<A> =>
      enqueue(() => {
        refuseUnless(states.has(state), action, "the state is closed");
        return f();
      });
    const state: State = {
      layout,
      use,
      read: (buffer) => touch(`read the ${buffer}`, () => native.arrays[buffer].slice()),
      write: (buffer, values) =>
        touch(`write the ${buffer}`, () => {
          refuseLength(buffer, values.length, native.arrays[buffer].length);
          native.arrays[buffer].set(values);
        }),
      close,
    };
    states.set(state, native);

    function close(): void {
      if (!states.delete(state)) return;
      native.detach();
      void enqueue(() => {
        for (const program of programs.values()) program.forget(native);
        optimisers.get(native)?.free();
        optimisers.delete(native);
        native.free();
      });
    }
    return state;
  }

  async function compile(program: Program, layout: Layout): Promise<Compiled> {
    const action = `compile program "${program.name}"`;
    refuseUnless(!end, action, "the engine is closed");
    const native = await compileProgram(
      { runtime, threads, composites, scratch },
      program,
      layout,
    );
    const compiled: Compiled = {
      run: (state, feeds, key) =>
        enqueue(() =>
          attempt(`run program "${program.name}"`, async (action) => {
            refuseUnless(programs.has(compiled), action, "it is closed");
            const memory = states.get(state);
            if (!memory) throw new Error("its state is closed");
            refuseMisfit(program, layout, memory);
            running = native;
            const outputs = await native.run(memory, feeds, key)
              .finally(() => running = undefined);
            refuseUnless(programs.has(compiled), action, "it was closed meanwhile");
            return outputs;
          })
        ),
      close() {
        if (!programs.delete(compiled)) return;
        if (running === native) native.terminate();
        native.detach();
        void enqueue(native.free);
      },
    };
    programs.set(compiled, native);
    if (end) compiled.close();
    refuseUnless(!end, action, "the engine was closed meanwhile");
    return compiled;
  }

  async function optimise(state: State, step: Parameters<Engine["optimise"]>[1]): Promise<void> {
    const memory = states.get(state);
    if (!memory) throw new Error("the state is closed");
    refuseInference(memory, "optimise");
    const bound = optimisers.get(memory) ?? optimiser.bind(memory);
    optimisers.set(memory, bound);
    if (!await bound.isFinite()) throw new Error(wrongGradient(memory));
    await bound.step(step);
    memory.arrays.gradients.fill(0);
  }

  async function closeAll(): Promise<void> {
    for (const state of states.keys()) state.close();
    for (const compiled of programs.keys()) compiled.close();
    await enqueue(() => {
      optimiser.free();
      scratch.free();
      return returnMemory(runtime);
    });
  }
  return {
    name: `onnx (fp32, ${threads} ${threads === 1 ? "thread" : "threads"})`,
    precision: "fp32",
    device: "processor",
    threads,
    allocate,
    estimate(program, layout) {
      const { graph, roles } = trace(program, layout, composites);
      return ARENA * bytesOf(graph, roles, "reused");
    },
    compile: (program, layout) =>
      enqueue(() => attempt(`compile program "${program.name}"`, () => compile(program, layout))),
    optimise: (state, step) => enqueue(() => attempt("optimise", () => optimise(state, step))),
    close: () => end ??= closeAll(),
  };
}

/** What ONNX Runtime's memory comes to for each byte that is in use at once: pieces of other sizes are left over. */
const ARENA = 1.35;

/** What is wrong with the gradients of a state, the last that is not finite. */
function wrongGradient({ layout, arrays }: NativeState): string {
  const wrong = layout.slots.findLast((slot) =>
    at(arrays.gradients, slot).some((value) => !Number.isFinite(value * value))
  );
  return `the gradient of "${wrong?.name}" is not finite`;
}
