/**
 * Plans in native memory, as the kernels read them.
 *
 * @module
 */

import type { Block } from "../../../streams/engine/off_thread/block.ts";
import { allocateBlock, type Library } from "./library.ts";
import { aligned } from "./plan/arena.ts";
import type { Plan } from "./plan/plan.ts";

/** A plan and where it lies: `Plan` of gil.h is at the block's address. */
export interface Placed {
  readonly plan: Plan;
  readonly block: Block;
}

/** Bytes of the structure itself: four words of 64 bits. */
const HEADER = aligned(8 * 4);

/** How many rows a cell leaves for each table. */
const rowsOf = ({ ports }: Plan): bigint[] =>
  ports.flatMap(({ role, shape }) => role.is === "rows" ? [BigInt(shape[0])] : []);

/** Bytes that a plan takes once it is placed. */
export const placedBytes = (plan: Plan): number =>
  HEADER + aligned(8 * rowsOf(plan).length) + aligned(plan.words.byteLength) +
  aligned(plan.constants.length);

/** Writes a plan to memory of its own. */
export function placed(library: Library, plan: Plan): Placed {
  const block = allocateBlock(library, placedBytes(plan)), { address, buffer } = block;
  const rows = rowsOf(plan), words = HEADER + aligned(8 * rows.length);
  const constants = words + aligned(plan.words.byteLength);
  new BigInt64Array(buffer, HEADER, rows.length).set(rows);
  new Int32Array(buffer, words, plan.words.length).set(plan.words);
  new Uint8Array(buffer, constants, plan.constants.length).set(plan.constants);
  new BigInt64Array(buffer, 0, 4).set([
    address + BigInt(words),
    BigInt(plan.words.length),
    address + BigInt(constants),
    address + BigInt(HEADER),
  ]);
  return { plan, block };
}
