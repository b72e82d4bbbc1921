/**
 * A program as a session with memory of its own for what goes in and what comes out.
 *
 * @module
 */

import {
  type Arrays,
  at,
  type Layout,
  type Program,
  type Slot,
} from "../../../core/model/program.ts";
import type { Key } from "../../../core/random.ts";
import { feedOf } from "../../../streams/engine/feeds.ts";
import { fillSite } from "../../../streams/engine/noise.ts";
import type { Port } from "../../../streams/trace/graph.ts";
import { type Role, trace } from "../../../streams/trace/trace.ts";
import { allocateBlock, type Block, type Tensor, tensorAt, WIDTH } from "./memory.ts";
import type { Runtime } from "./runtime.ts";
import { type Binding, openSession } from "./session.ts";
import type { NativeState } from "./state.ts";

/** A compiled program; whoever holds it sees to it that one run is under way at a time. */
export interface NativeProgram {
  run(state: NativeState, feeds: Arrays, key: Key): Promise<Arrays>;
  /** Lets go of a state; no run may be under way. */
  forget(state: NativeState): void;
  /** Makes the run under way, and any later one, fail soon. */
  terminate(): void;
  /** Empties the arrays that runs have returned. */
  detach(): void;
  free(): void;
}

/** Traces `program` and opens it on that many threads. */
export async function compileProgram(
  runtime: Runtime,
  { program, layout, threads }: {
    readonly program: Program;
    readonly layout: Layout;
    readonly threads: number;
  },
): Promise<NativeProgram> {
  const { graph, roles } = trace(program, layout);
  const session = await openSession(runtime, graph, threads);
  const own = [...graph.inputs, ...graph.outputs]
    .filter((port) => !isState(roles.get(port.name)!))
    .map((port) => allocatePort(runtime, port, roles.get(port.name)!));
  const tensors = new Map(own.map(({ port, tensor }) => [port.name, tensor]));
  const bindings = new Map<NativeState, Binding>();
  const outputs: Arrays = Object.fromEntries(
    own.flatMap(({ role, array }) =>
      role.is === "output" ? [[role.name, array as Float32Array]] : []
    ),
  );
  const scattered = pairRows(own);

  function bind(state: NativeState): Binding {
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
    async run(state, feeds, key) {
      for (const name of Object.keys(program.inputs)) feedOf(program, feeds, name);
      for (const { role, array } of own) {
        if (role.is === "input") array.set(feedOf(program, feeds, role.name));
        if (role.is === "noise") fillSite(array as Uint8Array, role.site, key, role.index);
      }
      await (bindings.get(state) ?? bind(state)).run();
      for (const { role, array } of own) {
        if (role.is === "next") at(state.arrays.weights, role.slot).set(array);
      }
      for (const { slot, ids, rows } of scattered) {
        addRows(at(state.arrays.gradients, slot), ids, rows);
      }
      return outputs;
    },
    forget(state) {
      bindings.get(state)?.free();
      bindings.delete(state);
    },
    terminate: session.terminate,
    detach() {
      for (const { block } of own) block.detach();
    },
    free() {
      for (const binding of bindings.values()) binding.free();
      for (const { tensor, block } of own) {
        tensor.free();
        block.free();
      }
      session.free();
    },
  };
}

/** What a state holds; all other ports are memory of the program. */
type StateRole = Extract<Role, { readonly is: "weight" | "gradient" | "sum" }>;

const isState = (role: Role): role is StateRole =>
  role.is === "weight" || role.is === "gradient" || role.is === "sum";

/** Memory of a port that belongs to the program. */
interface PortMemory {
  readonly port: Port;
  readonly role: Role;
  readonly block: Block;
  readonly array: Float32Array | Int32Array | Uint8Array;
  readonly tensor: Tensor;
}

function allocatePort(runtime: Runtime, port: Port, role: Role): PortMemory {
  const shape = port.shape.map(Number), { dtype } = port;
  const block = allocateBlock(runtime, shape.reduce((a, b) => a * b, WIDTH[dtype]));
  const Elements = dtype === "float32" ? Float32Array : dtype === "int32" ? Int32Array : Uint8Array;
  const tensor = tensorAt(runtime, block.address, { dtype, shape });
  return { port, role, block, array: new Elements(block.buffer), tensor };
}

/** Rows that a run leaves to be added to a gradient, and the rows of the weight that they go to. */
interface ScatteredRows {
  readonly slot: Slot;
  readonly ids: Int32Array;
  readonly rows: Float32Array;
}

function pairRows(own: readonly PortMemory[]): readonly ScatteredRows[] {
  // The rows and ids of a part come in the same order.
  const ids = own.flatMap(({ role, array }) => role.is === "ids" ? [array as Int32Array] : []);
  return own.flatMap(({ role, array }) =>
    role.is === "rows" ? [{ slot: role.slot, rows: array as Float32Array }] : []
  ).map((rows, part) => ({ ...rows, ids: ids[part] }));
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
