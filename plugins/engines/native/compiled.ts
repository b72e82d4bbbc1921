/**
 * A program in native memory, ready to run.
 *
 * @module
 */

import { at } from "../../../core/model/program.ts";
import { feedOf } from "../../../streams/engine/feeds.ts";
import type { Buffers } from "../../../streams/engine/off_thread/buffers.ts";
import type { OffThreadProgram } from "../../../streams/engine/off_thread/engine.ts";
import { type Pointer, pointerOf } from "../../../streams/platform.ts";
import { type Library, OUTCOMES } from "./library.ts";
import type { Plan } from "./plan/plan.ts";
import type { Planned } from "./plan/shorter.ts";
import { plansOf } from "./plans.ts";
import { chainsOf, roundOf } from "./room.ts";
import { allocateRun, type RunMemory } from "./run_memory.ts";
import type { Scratch } from "./scratch.ts";
import { tellerOf } from "./tell_run.ts";

/** What programs run with. */
export interface Workplace {
  readonly library: Library;
  readonly pool: Pointer;
  readonly threads: number;
  readonly scratch: Scratch;
}

/** Makes a program ready to run. */
export function prepare(
  { library, pool, threads, scratch }: Workplace,
  planned: Planned,
): OffThreadProgram<Buffers> {
  const { program, plan } = planned, { ports } = plan;
  const memory = allocateRun(library, plan, threads), plans = plansOf(library, planned);
  const round = roundOf(plan, threads), chains = chainsOf(plan, threads);
  const teller = tellerOf({ plan, threads, chains, round, memory });
  const outputs = outputsOf(plan, memory);
  const result = Object.fromEntries(outputs.map(({ name, array }) => [name, array]));

  return {
    async run(state, feeds, draw) {
      ports.forEach(({ role }, i) => {
        if (role.is === "input") memory.ports[i].set(feedOf(program, feeds, role.name));
      });
      for (const name of Object.keys(program.inputs)) feedOf(program, feeds, name);
      plans.put(feeds);
      teller.draws(draw);
      teller.tasks(plans);
      teller.places({ state, scratch, arena: plans.arena() });
      const outcome = await library.gil_run(pool, pointerOf(memory.at.run));
      if (outcome !== 0) throw new Error(OUTCOMES[outcome]);
      if (state.arrays.weights.length === 0 && state.layout.size > 0) {
        throw new Error("its state was closed meanwhile");
      }
      ports.forEach(({ role }, i) => {
        if (role.is === "next") at(state.arrays.weights, role.slot).set(memory.ports[i]);
      });
      for (const { array, terms } of outputs) {
        if (terms) fillSum(array, terms);
      }
      return result;
    },
    terminate: memory.stop,
    detach() {
      memory.block.detach();
      plans.detach();
    },
    free() {
      memory.block.free();
      plans.free();
    },
  };
}

/** What a program answers, port by port; scalars of single cells are terms of a sum. */
function outputsOf({ ports, takes }: Plan, memory: RunMemory) {
  return ports.flatMap(({ role, shape }, i) => {
    if (role.is !== "output") return [];
    const array = memory.ports[i], isTerm = takes === "each" && shape.length === 0;
    return [{ name: role.name, array: isTerm ? array.slice(0, 1) : array, terms: isTerm && array }];
  });
}

/** Term by term, each sum rounded to the array's type. */
function fillSum(sum: Float32Array | Int32Array, terms: Float32Array | Int32Array): void {
  sum[0] = 0;
  for (let i = 0; i < terms.length; i++) sum[0] += terms[i];
}
