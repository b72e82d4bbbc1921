/**
 * A program as a session, bound to the memory of what goes in and what comes out.
 *
 * @module
 */

import { at, type Layout, type Program } from "../../../core/model/program.ts";
import { feedOf } from "../../../streams/engine/feeds.ts";
import { fillSite } from "../../../streams/engine/noise.ts";
import type { OffThreadProgram } from "../../../streams/engine/off_thread/engine.ts";
import type { Port } from "../../../streams/trace/graph.ts";
import { trace } from "../../../streams/trace/trace.ts";
import type { Kernels } from "../../../streams/trace/traced.ts";
import type { Tensor } from "./memory.ts";
import { isState, openPorts, scatteredRows } from "./ports.ts";
import type { Runtime } from "./runtime.ts";
import type { Scratch } from "./scratch.ts";
import { type Binding, openSession } from "./session.ts";
import type { NativeState } from "./state.ts";

/** What programs are compiled with. */
export interface Workplace {
  readonly runtime: Runtime;
  readonly threads: number;
  /** Kernels of the composites that are not traced operation by operation. */
  readonly composites: Kernels;
  readonly scratch: Scratch;
}

/** Traces `program` and makes it ready to run. */
export async function compileProgram(
  { runtime, threads, composites, scratch }: Workplace,
  program: Program,
  layout: Layout,
): Promise<OffThreadProgram<NativeState>> {
  const { graph, roles } = trace(program, layout, composites);
  const session = await openSession(runtime, graph, { threads });
  const ports = openPorts(
    runtime,
    scratch,
    [...graph.inputs, ...graph.outputs]
      .map((port) => ({ port, role: roles.get(port.name)! }))
      .filter(({ role }) => !isState(role)),
  );
  const bindings = new Map<NativeState, Binding>();
  let bound = ports.places();

  function unbind(): void {
    for (const binding of bindings.values()) binding.free();
    bindings.clear();
  }
  function bind(state: NativeState): Binding {
    const tensors = new Map(bound.map(({ name, tensor }) => [name, tensor]));
    const tensorOf = ({ name }: Port): [string, Tensor] => {
      const role = roles.get(name)!;
      if (!isState(role)) return [name, tensors.get(name)!];
      return [name, state.tensor(role.is === "weight" ? "weights" : "gradients", role.slot)];
    };
    const inputs = new Map(graph.inputs.map(tensorOf));
    const binding = session.bind(inputs, new Map(graph.outputs.map(tensorOf)));
    bindings.set(state, binding);
    return binding;
  }
  return {
    async run(state, feeds, draw) {
      for (const name of Object.keys(program.inputs)) feedOf(program, feeds, name);
      if (bound !== ports.places()) {
        unbind();
        bound = ports.places();
      }
      for (const { role, array } of bound) {
        if (role.is === "input") array.set(feedOf(program, feeds, role.name));
        if (role.is === "noise") fillSite(array as Uint8Array, role, draw);
      }
      await (bindings.get(state) ?? bind(state)).run();
      for (const { role, array } of bound) {
        if (role.is === "next") at(state.arrays.weights, role.slot).set(array);
      }
      for (const { slot, ids, rows } of scatteredRows(bound)) {
        addRows(at(state.arrays.gradients, slot), ids, rows);
      }
      return ports.outputs;
    },
    forget(state) {
      bindings.get(state)?.free();
      bindings.delete(state);
    },
    terminate: session.terminate,
    detach: ports.detach,
    free() {
      unbind();
      ports.free();
      session.free();
    },
  };
}

/** Adds each row to the row of `sum` that its id names; ids outside name none. */
function addRows(sum: Float32Array, ids: Int32Array, rows: Float32Array): void {
  const width = rows.length / ids.length;
  for (let i = 0; i < ids.length; i++) {
    const to = ids[i] * width, from = i * width;
    if (to < 0 || to + width > sum.length) continue;
    for (let j = 0; j < width; j++) sum[to + j] += rows[from + j];
  }
}
