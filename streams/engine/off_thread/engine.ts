/**
 * An engine whose runs work on native memory in threads of their own: states and compiled programs,
 * used and freed one job after another.
 *
 * Closing takes effect at once for whoever asks next; memory is freed in the queue, behind the run
 * that may still be using it.
 *
 * @module
 */

import type {
  Abilities,
  AdamStep,
  Arrays,
  Compiled,
  Draw,
  Engine,
  Layout,
  Program,
  State,
} from "../../../core/model/program.ts";
import { queue } from "../queue.ts";
import { attempt, refuseInference, refuseLength, refuseMisfit, refuseUnless } from "../refusals.ts";
import type { Buffers } from "./buffers.ts";

/** A compiled program; whoever holds it sees to it that one run is under way at a time. */
export interface OffThreadProgram<S extends Buffers> {
  run(state: S, feeds: Arrays, draw: Draw): Promise<Arrays>;
  /** Lets go of what it has made for a state. */
  forget?(state: S): void;
  /** Makes the run under way, and any later one, fail soon. */
  terminate(): void;
  /** Empties the arrays that runs have returned. */
  detach(): void;
  free(): void;
}

/** What an engine of this sort does in its own way; none of it is called while a run is under way. */
export interface Works<S extends Buffers, P extends OffThreadProgram<S>> extends Abilities {
  readonly name: string;
  readonly estimate: Engine["estimate"];
  /** The buffers of a state, all zero. */
  allocate(layout: Layout, use: State["use"]): S;
  compile(program: Program, layout: Layout): P | Promise<P>;
  /** Makes a step of Adam and sets the gradients to zero, or says what is wrong with them. */
  optimise(memory: S, step: AdamStep): Promise<void>;
  /** Lets go of what `optimise` has made for a state. */
  forget?(memory: S): void;
  /** Frees what all programs and states had in common. */
  close(): void | Promise<void>;
}

/** The engine that works so. */
export function offThreadEngine<S extends Buffers, P extends OffThreadProgram<S>>(
  works: Works<S, P>,
): Engine {
  const { name, precision, device, threads, library, estimate } = works;
  const states = new Map<State, S>(), programs = new Map<Compiled, P>();
  const enqueue = queue();
  let running: P | undefined, end: Promise<void> | undefined;

  function allocate(layout: Layout, use: State["use"]): State {
    refuseUnless(!end, "allocate weights", "the engine is closed");
    const memory = works.allocate(layout, use);
    const touch = <A>(action: string, f: () => A): Promise<A> =>
      enqueue(() => {
        refuseUnless(states.has(state), action, "the state is closed");
        return f();
      });
    const state: State = {
      layout,
      use,
      read: (buffer) => touch(`read the ${buffer}`, () => memory.arrays[buffer].slice()),
      write: (buffer, values) =>
        touch(`write the ${buffer}`, () => {
          refuseLength(buffer, values.length, memory.arrays[buffer].length);
          memory.arrays[buffer].set(values);
        }),
      close() {
        if (!states.delete(state)) return;
        memory.detach();
        void enqueue(() => {
          for (const program of programs.values()) program.forget?.(memory);
          works.forget?.(memory);
          memory.free();
        });
      },
    };
    states.set(state, memory);
    return state;
  }

  async function compile(program: Program, layout: Layout): Promise<Compiled> {
    const action = `compile program "${program.name}"`;
    refuseUnless(!end, action, "the engine is closed");
    const made = await works.compile(program, layout);
    const compiled: Compiled = {
      run: (state, feeds, draw) =>
        enqueue(() =>
          attempt(`run program "${program.name}"`, async (action) => {
            refuseUnless(programs.has(compiled), action, "it is closed");
            const memory = states.get(state);
            if (!memory) throw new Error("its state is closed");
            refuseMisfit(program, layout, memory);
            running = made;
            const outputs = await made.run(memory, feeds, draw)
              .finally(() => running = undefined);
            refuseUnless(programs.has(compiled), action, "it was closed meanwhile");
            return outputs;
          })
        ),
      close() {
        if (!programs.delete(compiled)) return;
        if (running === made) made.terminate();
        made.detach();
        void enqueue(made.free);
      },
    };
    programs.set(compiled, made);
    if (end) compiled.close();
    refuseUnless(!end, action, "the engine was closed meanwhile");
    return compiled;
  }

  async function optimise(state: State, step: AdamStep): Promise<void> {
    const memory = states.get(state);
    if (!memory) throw new Error("the state is closed");
    refuseInference(memory, "optimise");
    await works.optimise(memory, step);
  }

  async function closeAll(): Promise<void> {
    for (const compiled of programs.keys()) compiled.close();
    for (const state of states.keys()) state.close();
    await enqueue(() => works.close());
  }
  return {
    name,
    precision,
    device,
    threads,
    library,
    estimate,
    allocate,
    compile: (program, layout) =>
      enqueue(() => attempt(`compile program "${program.name}"`, () => compile(program, layout))),
    optimise: (state, step) => enqueue(() => attempt("optimise", () => optimise(state, step))),
    close: () => end ??= closeAll(),
  };
}
