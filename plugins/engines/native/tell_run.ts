/**
 * What the kernels are told before a run: which cell is run by which plan, and where everything lies.
 *
 * @module
 */

import type { Draw, Slot } from "../../../core/model/program.ts";
import type { Block } from "../../../streams/engine/off_thread/block.ts";
import { partOf, siteKey } from "../../../streams/engine/noise.ts";
import type { Buffers } from "../../../streams/engine/off_thread/buffers.ts";
import { type Code, codeOf } from "./codes.ts";
import { sizeOf } from "./plan/axes.ts";
import { type Plan, SPACES } from "./plan/plan.ts";
import { sharedOut } from "./plan/tasks.ts";
import type { Plans } from "./plans.ts";
import { isStaged, strideOf, threadsFor } from "./room.ts";
import { type RunMemory, STRUCTURE } from "./run_memory.ts";
import type { Scratch } from "./scratch.ts";

/** Whose run it is. */
export interface Told {
  readonly plan: Plan;
  readonly threads: number;
  readonly chains: number;
  /** Cells of a round. */
  readonly round: number;
  readonly memory: RunMemory;
}

/** Where a run finds what is not its program's own; `arena` is the bytes of a thread's. */
export interface Where {
  readonly state: Buffers;
  readonly scratch: Scratch;
  readonly arena: number;
}

/** Tells what is not as it was in the run before. */
export interface Teller {
  tasks(plans: Plans): void;
  places(where: Where): void;
  draws(draw: Draw): void;
}

/** One that has told nothing yet. */
export function tellerOf(told: Told): Teller {
  const lengths = new Uint32Array(told.plan.cells);
  let state: Buffers | undefined, block: Block | undefined, arena: number | undefined;
  return {
    tasks(plans) {
      if (plans.lengths.every((length, cell) => length === lengths[cell])) return;
      tellTasks(told, plans);
      lengths.set(plans.lengths);
    },
    places(where) {
      const room = where.scratch.reserve(scratchBytes(told, where.arena));
      if (where.state === state && room === block && where.arena === arena) return;
      tellPlaces(told, where, room.address);
      [state, block, arena] = [where.state, room, where.arena];
    },
    draws: (draw) => tellDraws(told, draw),
  };
}

/** Gives every cell of the batch at hand a chain and a plan, and zeros where it leaves nothing. */
function tellTasks({ plan, chains, round, memory }: Told, plans: Plans): void {
  const shared = sharedOut(plans.lengths, { chains, round });
  shared.cells.forEach((cell, i) => {
    const { plan: own, block } = plans.of(cell);
    memory.tasks.set(
      [cell, shared.chains[i], plans.lengths[cell]].map(BigInt).concat(block.address),
      STRUCTURE.task * i,
    );
    plan.ports.forEach(({ role, shape }, p) => {
      if (role.is !== "output") return;
      const size = sizeOf(shape), said = sizeOf(own.ports[p].shape);
      memory.ports[p].fill(0, cell * size + said, (cell + 1) * size);
    });
  });
}

/** Bytes of all arenas, and of the sums behind them. */
const scratchBytes = ({ plan, threads, chains }: Told, arena: number): number =>
  threadsFor(plan, threads) * arena + chains * 4 * plan.sums;

/** Says where spaces, gradients and the sums of chains lie. */
function tellPlaces(told: Told, { state, arena }: Where, address: bigint): void {
  const { plan, threads } = told, sumBytes = 4 * plan.sums;
  const chainSums = address + BigInt(threadsFor(plan, threads) * arena);
  tellSpaces(told, [
    [SPACES.arena, address, "THREAD", arena],
    [SPACES.constants, 0n, "PLAN", 0],
    [SPACES.weights, state.addresses.weights, "FIXED", 0],
    [SPACES.sums, chainSums, "CHAIN", sumBytes],
  ]);
  tellGradients(told, ({ offset }) => state.addresses.gradients + BigInt(4 * offset));
  tellRun(told, chainSums);
}

type Space = readonly [index: number, base: bigint, kind: Code<"SPACE">, stride: number];

function tellSpaces({ plan, memory }: Told, common: readonly Space[]): void {
  const ports = plan.ports.map((port, i): Space => {
    const kind = isStaged(port) ? "ROUND" : "CELL";
    return [memory.spaceOf(i), memory.at.ports[i], kind, strideOf(port)];
  });
  for (const [index, base, kind, stride] of [...common, ...ports]) {
    const words = [base, BigInt(codeOf("SPACE", kind)), BigInt(stride)];
    memory.spaces.set(words, STRUCTURE.space * index);
  }
}

function tellGradients({ plan, memory }: Told, gradient: (slot: Slot) => bigint): void {
  memory.scattered.forEach(({ port: { role: { slot } }, rows, ids }, i) => {
    const [height, ...row] = slot.shape, numbers = [ids, rows, sizeOf(row), height].map(BigInt);
    memory.scatters.set([...numbers, gradient(slot)], STRUCTURE.scatter * i);
  });
  plan.summed.forEach(({ slot, from }, i) =>
    memory.sums.set([gradient(slot), BigInt(from), BigInt(slot.size)], STRUCTURE.sum * i)
  );
}

/** Says by which keys, and from where on, noise sites draw. */
function tellDraws({ plan, memory }: Told, draw: Draw): void {
  const { key, from, cells } = partOf(draw);
  for (const { index, site } of plan.sites) {
    const first = sizeOf(site.shape) / (plan.takes === "each" ? 1 : cells) * from;
    const words = [...siteKey(key, index), first % 2 ** 32, Math.floor(first / 2 ** 32)];
    memory.draws.set(words, 2 * STRUCTURE.draw * index);
  }
}

/** The words of `Run`, but for the last: that would end it. */
function tellRun({ plan, chains, round, memory }: Told, chainSums: bigint): void {
  const { at, spaces, scattered } = memory;
  memory.run.set([
    at.tasks,
    BigInt(plan.cells),
    BigInt(chains),
    BigInt(round),
    at.spaces,
    BigInt(spaces.length / STRUCTURE.space),
    at.draws,
    at.scatters,
    BigInt(scattered.length),
    at.sums,
    BigInt(plan.summed.length),
    chainSums,
    BigInt(plan.sums),
  ]);
}
