/**
 * Memory of what crosses the border of a program, state left out: outputs lie in memory of the
 * program's own, everything else in the scratch of the engine.
 *
 * @module
 */

import type { Arrays, Slot } from "../../../core/model/program.ts";
import type { Port } from "../../../streams/trace/graph.ts";
import type { Role } from "../../../streams/trace/trace.ts";
import type { Block } from "../../../streams/engine/off_thread/block.ts";
import { allocateBlock, type Tensor, tensorAt, WIDTH } from "./memory.ts";
import type { Runtime } from "./runtime.ts";
import type { Scratch } from "./scratch.ts";

/** What a state holds; all other ports are memory of the program or of the scratch. */
export type StateRole = Extract<Role, { readonly is: "weight" | "gradient" | "sum" }>;

/** Whether a state holds what a port carries. */
export const isState = (role: Role): role is StateRole =>
  role.is === "weight" || role.is === "gradient" || role.is === "sum";

/** Memory of a port. */
export interface PortMemory {
  readonly name: string;
  readonly role: Role;
  readonly array: Float32Array | Int32Array | Uint8Array;
  readonly tensor: Tensor;
}

/** Rows that belong to a gradient. */
export interface ScatteredRows {
  readonly slot: Slot;
  /** The row of the weight that each belongs to. */
  readonly ids: Int32Array;
  readonly rows: Float32Array;
}

/** The memory of all ports of a program. */
export interface Ports {
  /** The arrays of the outputs; the same from run to run. */
  readonly outputs: Arrays;
  /** All ports where they are now. They move when the scratch has grown; whatever was bound is void. */
  places(): readonly PortMemory[];
  /** Empties the arrays of the outputs. */
  detach(): void;
  free(): void;
}

/** Bytes that begin at multiples of this are quick to read. */
const ALIGNMENT = 64;

/** Finds room for the ports. */
export function openPorts(
  runtime: Runtime,
  scratch: Scratch,
  ports: readonly { readonly port: Port; readonly role: Role }[],
): Ports {
  const isOwn = ({ role }: { readonly role: Role }) => role.is === "output";
  const own = ports.filter(isOwn).map((each) => {
    const block = allocateBlock(runtime, bytesOf(each.port));
    return { block, memory: memoryOf(runtime, { ...each, block, offset: 0 }) };
  });
  let size = 0;
  const lent = ports.filter((each) => !isOwn(each)).map((each) => {
    const offset = size;
    size += Math.ceil(bytesOf(each.port) / ALIGNMENT) * ALIGNMENT;
    return { ...each, offset };
  });
  scratch.reserve(size);
  let block = scratch.block,
    borrowed = borrow(),
    all = [...own.map(({ memory }) => memory), ...borrowed];

  function borrow(): readonly PortMemory[] {
    return lent.map((each) => memoryOf(runtime, { ...each, block }));
  }
  const release = () => borrowed.forEach(({ tensor }) => tensor.free());

  return {
    outputs: Object.fromEntries(
      own.map((
        { memory: { role, array } },
      ) => [(role as { readonly name: string }).name, array as Float32Array | Int32Array]),
    ),
    places() {
      if (block === scratch.block) return all;
      release();
      block = scratch.block;
      borrowed = borrow();
      return all = [...own.map(({ memory }) => memory), ...borrowed];
    },
    detach: () => own.forEach(({ block }) => block.detach()),
    free() {
      release();
      for (const { memory, block } of own) {
        memory.tensor.free();
        block.free();
      }
    },
  };
}

const bytesOf = ({ shape, dtype }: Port): number =>
  shape.map(Number).reduce((a, b) => a * b, WIDTH[dtype]);

function memoryOf(
  runtime: Runtime,
  { port, role, block, offset }: {
    readonly port: Port;
    readonly role: Role;
    readonly block: Block;
    readonly offset: number;
  },
): PortMemory {
  const { name, dtype } = port, shape = port.shape.map(Number);
  const Elements = dtype === "float32" ? Float32Array : dtype === "int32" ? Int32Array : Uint8Array;
  const array = new Elements(block.buffer, offset, bytesOf(port) / WIDTH[dtype]);
  const tensor = tensorAt(runtime, block.address + BigInt(offset), { dtype, shape });
  return { name, role, array, tensor };
}

/** Rows that a run leaves to be added to a gradient, and the rows of the weight that they go to. */
export function scatteredRows(ports: readonly PortMemory[]): readonly ScatteredRows[] {
  // The rows and ids of a part come in the same order.
  const ids = ports.flatMap(({ role, array }) => role.is === "ids" ? [array as Int32Array] : []);
  return ports.flatMap(({ role, array }) =>
    role.is === "rows" ? [{ slot: role.slot, rows: array as Float32Array }] : []
  ).map((rows, part) => ({ ...rows, ids: ids[part] }));
}
