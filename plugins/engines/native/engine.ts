/**
 * The engine: states and compiled programs, used and freed one job after another.
 *
 * Closing takes effect at once for whoever asks next; memory is freed in the queue, behind the run
 * that may still be using it.
 *
 * @module
 */

import type {
  AdamStep,
  Compiled,
  Engine,
  Layout,
  Program,
  State,
} from "../../../core/model/program.ts";
import { queue } from "../../../streams/engine/queue.ts";
import {
  attempt,
  refuseInference,
  refuseLength,
  refuseMisfit,
  refuseUnless,
} from "../../../streams/engine/refusals.ts";
import { type NativeProgram, planBytes, prepare } from "./compiled.ts";
import type { Kernels } from "./kernels.ts";
import { openOptimiser } from "./optimiser.ts";
import { planOf } from "./plan/plan.ts";
import { openScratch } from "./scratch.ts";
import { allocateState, type NativeState } from "./state.ts";

/** Opens an engine of `threads` threads on compiled kernels. */
export function openEngine({ library, level }: Kernels, threads: number): Engine {
  const pool = library.gil_open(threads);
  if (!pool) throw new Error(`the system has no ${threads} threads to give`);
  const optimiser = openOptimiser(library, pool), scratch = openScratch(library);
  const states = new Map<State, NativeState>(), programs = new Map<Compiled, NativeProgram>();
  const enqueue = queue();
  let running: NativeProgram | undefined, end: Promise<void> | undefined;

  function allocate(layout: Layout, use: State["use"]): State {
    refuseUnless(!end, "allocate weights", "the engine is closed");
    const native = allocateState(library, layout, use);
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
      close() {
        if (!states.delete(state)) return;
        native.detach();
        void enqueue(native.free);
      },
    };
    states.set(state, native);
    return state;
  }

  // deno-lint-ignore require-await -- what it throws is a rejection like any other
  async function compile(program: Program, layout: Layout): Promise<Compiled> {
    const action = `compile program "${program.name}"`;
    refuseUnless(!end, action, "the engine is closed");
    const native = prepare({ library, pool, threads, scratch }, program, planOf(program, layout));
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
    return compiled;
  }

  function optimise(state: State, step: AdamStep): Promise<void> {
    const memory = states.get(state);
    if (!memory) throw new Error("the state is closed");
    refuseInference(memory, "optimise");
    return optimiser.step(memory, step);
  }

  async function closeAll(): Promise<void> {
    for (const compiled of programs.keys()) compiled.close();
    for (const state of states.keys()) state.close();
    await enqueue(() => {
      optimiser.free();
      scratch.free();
      library.gil_close(pool);
    });
  }
  return {
    name: `native (fp32, ${level}, ${threads} ${threads === 1 ? "thread" : "threads"})`,
    precision: "fp32",
    device: "processor",
    threads,
    allocate,
    estimate: (program, layout) => planBytes(planOf(program, layout), threads),
    compile: (program, layout) =>
      enqueue(() => attempt(`compile program "${program.name}"`, () => compile(program, layout))),
    optimise: (state, step) =>
      enqueue(() => attempt("optimise", async () => await optimise(state, step))),
    close: () => end ??= closeAll(),
  };
}
