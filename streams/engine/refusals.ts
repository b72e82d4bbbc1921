/**
 * What every engine refuses, in the same words.
 *
 * @module
 */

import { RunError } from "../../core/errors.ts";
import type { Layout, Program, State } from "../../core/model/program.ts";

/** Fails with `Cannot <action>: <reason>` unless `condition` holds. */
export function refuseUnless(condition: boolean, action: string, reason: string): void {
  if (!condition) throw new RunError({ message: `Cannot ${action}: ${reason}` });
}

/** Refuses a state that was allocated without gradients and moments. */
export function refuseInference(state: Pick<State, "layout" | "gradients">, action: string): void {
  refuseUnless(
    state.gradients.length === state.layout.size,
    action,
    "its state was allocated for inference; allocate it for training",
  );
}

/** Refuses a state on which a program that was compiled for `layout` cannot run. */
export function refuseMisfit(
  program: Program,
  layout: Layout,
  state: Pick<State, "layout" | "gradients">,
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
