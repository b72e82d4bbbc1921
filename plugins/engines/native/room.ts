/**
 * How much memory the runs of a plan take, and how that is divided.
 *
 * @module
 */

import { aligned } from "./plan/arena.ts";
import { bytesOf, type Plan, type PlanPort } from "./plan/plan.ts";
import { plansBytes } from "./plans.ts";

/** Cells of a thread, at least, between two times that rows are added to their tables. */
const ROUND = 4;

/** Bytes of rows that cells may leave until then if they are small: threads wait for each other each time. */
const ROUND_BYTES = 1 << 21;

/** So few floats are summed by more chains than threads: to add them up is nothing beside the cells. */
const FEW_SUMS = 2 ** 18;

/** How many cells are in memory at a time, of those whose rows are to be added to tables. */
export function roundOf({ cells, ports }: Plan, threads: number): number {
  const rows = ports.filter(({ role }) => role.is === "rows").map(strideOf);
  if (rows.length === 0) return cells;
  const small = Math.floor(ROUND_BYTES / rows.reduce((a, b) => a + b, 0));
  return Math.min(cells, Math.max(ROUND * threads, small));
}

/**
 * How many sums of gradients there are: one for each chain of cells that are run one after the other.
 * With twice as many chains as threads, a thread may stand still for as long as a run should take, and
 * the others can still do all but its cell.
 */
export function chainsOf({ takes, cells, sums }: Plan, threads: number): number {
  if (takes === "batch") return 1;
  return Math.min(cells, threads > 1 && sums <= FEW_SUMS ? 2 * threads : threads);
}

/** Threads that a plan keeps busy. */
export const threadsFor = ({ takes }: Plan, threads: number): number =>
  takes === "each" ? threads : 1;

/** Whether a port lies in memory for the cells of a round only. */
export const isStaged = ({ role }: PlanPort): boolean => role.is === "rows" || role.is === "ids";

/** Bytes from one cell of a port to the next. */
export const strideOf = (port: PlanPort): number =>
  port.role.is === "rows" ? aligned(bytesOf(port)) : bytesOf(port);

/** Bytes of a port: of all cells, or of those of a round. */
export const portBytes = (port: PlanPort, plan: Plan, threads: number): number =>
  aligned(strideOf(port) * (isStaged(port) ? roundOf(plan, threads) : plan.cells));

/** Bytes that runs of a plan take, and of those for shorter cells. */
export function planBytes(plan: Plan, threads: number): number {
  const own = plan.ports.reduce((sum, port) => sum + portBytes(port, plan, threads), 0);
  return own + plansBytes(plan) +
    chainsOf(plan, threads) * (plan.sums * 4) + threadsFor(plan, threads) * plan.arena;
}
