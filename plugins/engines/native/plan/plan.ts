/**
 * A program as a static plan: instructions, and where everything lies that they read and write.
 *
 * @module
 */

import { InputError } from "../../../../core/errors.ts";
import type { Layout, Precision, Program, Slot } from "../../../../core/model/program.ts";
import type { NoiseSite } from "../../../../streams/engine/noise.ts";
import { type Role, trace } from "../../../../streams/trace/trace.ts";
import { codeOf } from "../codes.ts";
import { compositeKernels } from "../composites.ts";
import { along } from "./along.ts";
import { ALIGNMENT, arrange, stacked } from "./arena.ts";
import { sizeOf } from "./axes.ts";
import { composites } from "./composites.ts";
import { elementwise } from "./elementwise.ts";
import { moves } from "./moves.ts";
import {
  BYTES,
  ELEMENTS,
  type Lowered,
  lowered,
  type Type,
  type Value,
  type Wholes,
  type Word,
} from "./planner.ts";
import { savedInBf16 } from "./saved.ts";

/** Spaces that every plan has; those of ports follow. */
export const SPACES = { arena: 0, constants: 1, weights: 2, sums: 3 } as const;

/** The space of the first port. */
export const FIRST_PORT = Object.keys(SPACES).length;

/** Most spaces that a plan may have: SPACES in gil.h. */
const MOST_SPACES = 256;

/** What crosses the border of a plan, weights and gradients left out. */
export interface PlanPort {
  readonly role: Extract<Role, { readonly is: "input" | "output" | "rows" | "ids" | "next" }>;
  readonly type: Type;
  /** Of one cell where the plan is for one. */
  readonly shape: readonly number[];
}

/** Gradients that every thread sums on its own: they lie end to end. */
export interface SummedSlot {
  readonly slot: Slot;
  /** Place among the sums, in floats. */
  readonly from: number;
}

/** A program that kernels can run. */
export interface Plan {
  readonly words: Int32Array;
  /** In which numbers products multiply, and gradients find what the forward pass saved. */
  readonly precision: Precision;
  /** Cells that the words run for, one after the other; 1 where they take the whole batch. */
  readonly cells: number;
  /** "each" when the words are for one cell, "batch" when they are for all at once. */
  readonly takes: "each" | "batch";
  /** Positions of a cell, where those at its end that are padding need not be computed. */
  readonly positions?: number;
  readonly constants: Uint8Array;
  /** Their spaces are numbered from the last of `SPACES` on. */
  readonly ports: readonly PlanPort[];
  /** By the index of the site, as far as it is drawn. */
  readonly sites: readonly { readonly index: number; readonly site: NoiseSite }[];
  readonly summed: readonly SummedSlot[];
  /** Bytes of the arena of a thread. */
  readonly arena: number;
  /** Floats that a thread sums gradients in. */
  readonly sums: number;
}

const RULES = { ...elementwise, ...moves, ...along, ...composites };

/** How a program is planned, where that is not as usual. */
export interface Planning {
  /** Of the kernels that run it; fp32 unless given. */
  readonly precision?: Precision;
  /** Shapes of noise sites of which those of the program are parts. */
  readonly wholes?: Wholes;
  /** How values are laid into memory that live for some steps. */
  readonly lay?: typeof arrange;
  /** How those are that stay. */
  readonly stack?: typeof stacked;
}

/** Traces `program` and plans it for kernels of a precision, cell by cell where it allows that. */
export function planOf(program: Program, layout: Layout, precision: Precision = "fp32"): Plan {
  const cells = cellsOf(program), one = cells === undefined ? undefined : program.each?.();
  return {
    ...planned(one ?? program, layout, { precision }),
    cells: cells ?? 1,
    takes: one ? "each" : "batch",
    ...(one && program.padding ? { positions: one.inputs[program.padding].shape[1] } : {}),
  };
}

/** Traces `program` and plans it as it is. */
export function planned(
  program: Program,
  layout: Layout,
  { precision = "fp32", wholes = new Map(), lay = arrange, stack = stacked }: Planning = {},
): Omit<Plan, "cells" | "takes" | "positions"> {
  const traced = trace(program, layout, compositeKernels), { graph, roles } = traced;
  const plain = lowered(traced, RULES, wholes);
  const { steps, values, rootOf, constants } = precision === "bf16"
    ? savedInBf16(plain, traced)
    : plain;

  const slots = [...roles.values()].flatMap((role) => role.is === "sum" ? [role.slot] : []);
  const sums = stack(slots.map(({ size }) => 4 * size));
  const summed = slots.map((slot, i) => ({ slot, from: sums.places[i] / 4 }));
  const ports = [...graph.inputs, ...graph.outputs].flatMap(({ name }) => {
    const role = roles.get(name)!, value = values.get(name)!;
    return isPort(role) ? [{ name, role, type: value.type, shape: value.shape }] : [];
  });
  if (FIRST_PORT + ports.length > MOST_SPACES) {
    throw new InputError({
      message:
        `Cannot plan program "${program.name}": it has ${ports.length} inputs and outputs, ` +
        `and a plan can have ${MOST_SPACES - FIRST_PORT}; gather from tables less often, or use ` +
        `the engine "onnx"`,
    });
  }
  const packed = packedConstants({ constants, values, rootOf }, stack);

  /** Space and distance in bytes of values that lie outside of the arena. */
  function fixed(root: string): readonly [number, number] | undefined {
    const role = roles.get(root), port = ports.findIndex(({ name }) => name === root);
    if (port >= 0) return [FIRST_PORT + port, 0];
    if (role?.is === "weight") return [SPACES.weights, 4 * role.slot.offset];
    if (role?.is === "sum" || role?.is === "gradient") {
      const { from } = summed.find(({ slot }) => slot === role.slot)!;
      return [SPACES.sums, 4 * from];
    }
    const constant = packed.places.get(root);
    return constant === undefined ? undefined : [SPACES.constants, constant];
  }
  const outside = new Map<string, readonly [number, number] | undefined>();
  function outsideOf(root: string): readonly [number, number] | undefined {
    if (!outside.has(root)) outside.set(root, fixed(root));
    return outside.get(root);
  }
  const arena = lay(
    steps,
    (root) => outsideOf(root) ? undefined : bytesOf(values.get(root)!),
    rootOf,
  );

  /** Where a value lies that nothing writes: anywhere if it has no elements. */
  const emptyPlace = (root: string) => bytesOf(values.get(root)!) === 0 ? 0 : NaN;
  function encode(word: Word): readonly number[] {
    if (typeof word === "number") return [word];
    const root = rootOf(word.memory), place = outsideOf(root);
    const [space, bytes] = place ?? [SPACES.arena, arena.places.get(root) ?? emptyPlace(root)];
    if (!(bytes / 4 < 2 ** 31)) {
      throw new InputError({
        message: `Cannot plan program "${program.name}": its values take more than 8 GB; make ` +
          `"length" or the model smaller`,
      });
    }
    return [space, bytes / 4];
  }
  const words = steps.flatMap(({ op, words }) => {
    const own = words.flatMap(encode);
    return [codeOf("OP", op), own.length, ...own];
  });
  return {
    words: Int32Array.from(words),
    precision,
    constants: packed.bytes,
    ports,
    sites: [...roles.values()].flatMap((role) => role.is === "noise" ? [role] : []),
    summed,
    arena: Math.max(arena.bytes, ALIGNMENT),
    sums: sums.bytes / 4,
  };
}

/** Cells of the batch, of programs that can be run cell by cell. */
function cellsOf({ each, inputs, moves = [] }: Program): number | undefined {
  const one = each?.(), [name] = Object.keys(inputs);
  if (!one || name === undefined || moves.length > 0) return undefined;
  return sizeOf(inputs[name].shape) / sizeOf(one.inputs[name].shape);
}

const isPort = (role: Role): role is PlanPort["role"] =>
  ["input", "output", "rows", "ids", "next"].includes(role.is);

/** Bytes of a value. */
export const bytesOf = ({ type, shape }: Pick<Value, "type" | "shape">): number =>
  BYTES[type] * sizeOf(shape);

/** The bytes of constants, and where each lies. */
function packedConstants(
  { constants, values, rootOf }: Pick<Lowered, "constants" | "values" | "rootOf">,
  stack: typeof stacked,
) {
  const names = [...constants.keys()].filter((name) => rootOf(name) === name);
  const laid = stack(names.map((name) => bytesOf(values.get(name)!)));
  const places = new Map(names.map((name, i) => [name, laid.places[i]]));
  const bytes = new Uint8Array(laid.bytes);
  for (const [name, place] of places) {
    const { type } = values.get(name)!, numbers = constants.get(name)!;
    const Elements = ELEMENTS[type];
    new Elements(bytes.buffer, place, numbers.length).set(numbers);
  }
  return { places, bytes };
}
