/**
 * What the kernels are told before a run: who runs which cell by which plan, and where everything
 * lies.
 *
 * @module
 */

import type { Slot } from "../../../core/model/program.ts";
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
  /** Cells of a round. */
  readonly round: number;
  readonly memory: RunMemory;
}

/** Gives every cell of the batch at hand a thread and a plan, and zeros where it leaves nothing. */
export function tellTasks({ plan, threads, round, memory }: Told, plans: Plans): void {
  const shared = sharedOut(plans.lengths, { threads, round });
  shared.cells.forEach((cell, i) => {
    const { plan: own, block } = plans.of(cell);
    memory.tasks.set(
      [BigInt(cell), BigInt(shared.threads[i]), block.address],
      STRUCTURE.task * i,
    );
    plan.ports.forEach(({ role, shape }, p) => {
      if (role.is !== "output") return;
      const size = sizeOf(shape), said = sizeOf(own.ports[p].shape);
      memory.ports[p].fill(0, cell * size + said, (cell + 1) * size);
    });
  });
}

/** Says where spaces, gradients and the sums of threads lie; `arena` is the bytes of a thread's. */
export function tellPlaces(
  told: Told,
  { state, scratch, arena }: {
    readonly state: Buffers;
    readonly scratch: Scratch;
    readonly arena: number;
  },
): void {
  const { plan, threads } = told;
  const arenas = threadsFor(plan, threads) * arena, sumBytes = 4 * plan.sums;
  const { address } = scratch.reserve(arenas + threads * sumBytes);
  const threadSums = address + BigInt(arenas);
  tellSpaces(told, [
    [SPACES.arena, address, "THREAD", arena],
    [SPACES.constants, 0n, "PLAN", 0],
    [SPACES.weights, state.addresses.weights, "FIXED", 0],
    [SPACES.sums, threadSums, "THREAD", sumBytes],
  ]);
  tellGradients(told, ({ offset }) => state.addresses.gradients + BigInt(4 * offset));
  tellRun(told, threadSums);
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

/** The words of `Run`, but for the last: that would end it. */
function tellRun({ plan, round, memory }: Told, threadSums: bigint): void {
  const { at, spaces, scattered } = memory;
  memory.run.set([
    at.tasks,
    BigInt(plan.cells),
    BigInt(round),
    at.spaces,
    BigInt(spaces.length / STRUCTURE.space),
    at.keys,
    at.scatters,
    BigInt(scattered.length),
    at.sums,
    BigInt(plan.summed.length),
    threadSums,
    BigInt(plan.sums),
  ]);
}
