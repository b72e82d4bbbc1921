/**
 * What every engine refuses, in the same words.
 *
 * @module
 */

import { InputError, RunError } from "../../core/errors.ts";
import type { BufferName, Layout, Program, State } from "../../core/model/program.ts";

/** Fails with `Cannot <action>: <reason>` unless `condition` holds. */
export function refuseUnless(condition: boolean, action: string, reason: string): void {
  if (!condition) throw new RunError({ message: `Cannot ${action}: ${reason}` });
}

/** What `f` makes; what it throws without naming the action is made a sentence. */
export async function attempt<T>(action: string, f: (action: string) => Promise<T>): Promise<T> {
  try {
    return await f(action);
  } catch (error) {
    const isTold = error instanceof RunError || error instanceof InputError;
    if (isTold || error instanceof RangeError) throw error;
    throw new RunError({ message: `Cannot ${action}: ${(error as Error).message}` });
  }
}

/** Refuses values for a buffer of another length. */
export function refuseLength(buffer: BufferName, given: number, expected: number): void {
  if (given === expected) return;
  throw new RangeError(
    `Cannot write the ${buffer}: ${given} numbers given, ${expected} expected`,
  );
}

/** Refuses a state that was allocated without gradients and moments. */
export function refuseInference(state: Pick<State, "use">, action: string): void {
  refuseUnless(
    state.use === "training",
    action,
    "its state was allocated for inference; allocate it for training",
  );
}

/** Refuses a state on which a program that was compiled for `layout` cannot run. */
export function refuseMisfit(
  program: Program,
  layout: Layout,
  state: Pick<State, "layout" | "use">,
): void {
  const action = `run program "${program.name}"`;
  const describe = ({ slots }: Layout) => JSON.stringify(slots.map((s) => [s.name, s.shape]));
  refuseUnless(
    layout === state.layout || describe(layout) === describe(state.layout),
    action,
    "its state holds other weights than it was compiled for",
  );
  if (program.purpose === "learn") refuseInference(state, action);
}
