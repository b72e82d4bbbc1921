/**
 * A program in native memory, ready to run.
 *
 * @module
 */

import { at, type Slot } from "../../../core/model/program.ts";
import { derive } from "../../../core/random.ts";
import { feedOf } from "../../../streams/engine/feeds.ts";
import type { Buffers } from "../../../streams/engine/off_thread/buffers.ts";
import type { OffThreadProgram } from "../../../streams/engine/off_thread/engine.ts";
import { type Pointer, pointerOf } from "../../../streams/platform.ts";
import { type Code, codeOf } from "./codes.ts";
import { allocateBlock, type Library, OUTCOMES } from "./library.ts";
import { aligned } from "./plan/arena.ts";
import { sizeOf } from "./plan/axes.ts";
import { bytesOf, type Plan, type PlanPort, SPACES } from "./plan/plan.ts";
import type { Planned } from "./plan/shorter.ts";
import { sharedOut } from "./plan/tasks.ts";
import { plansBytes, plansOf } from "./plans.ts";
import type { Scratch } from "./scratch.ts";

/** What programs run with. */
export interface Workplace {
  readonly library: Library;
  readonly pool: Pointer;
  readonly threads: number;
  readonly scratch: Scratch;
}

/** Cells of a thread between two times that rows are added to their tables. */
const ROUND = 4;

/** How many cells are in memory at a time, of those whose rows are to be added to tables. */
export const roundOf = ({ cells, ports }: Plan, threads: number): number =>
  ports.some(({ role }) => role.is === "rows") ? Math.min(cells, ROUND * threads) : cells;

/** Threads that a plan keeps busy. */
export const threadsFor = ({ takes }: Plan, threads: number): number =>
  takes === "each" ? threads : 1;

/** Bytes of a port: of all cells, or of those of a round. */
function portBytes(port: PlanPort, plan: Plan, threads: number): number {
  const cells = isStaged(port) ? roundOf(plan, threads) : plan.cells;
  return aligned(strideOf(port) * cells);
}

/** Whether it lies in memory for the cells of a round only. */
const isStaged = ({ role }: PlanPort): boolean => role.is === "rows" || role.is === "ids";

const strideOf = (port: PlanPort): number =>
  port.role.is === "rows" ? aligned(bytesOf(port)) : bytesOf(port);

/** Bytes that runs of a plan take, and of those for shorter cells. */
export function planBytes(plan: Plan, threads: number): number {
  const own = plan.ports.reduce((sum, port) => sum + portBytes(port, plan, threads), 0);
  return own + plansBytes(plan) +
    threads * (plan.sums * 4) + threadsFor(plan, threads) * plan.arena;
}

/** 64-bit words of the structures in gil.h. */
const RUN = 13, TASK = 3, SPACE = 3, SCATTER = 5, SUM = 3;
/** Place of the word that ends a run. */
const STOP = 12;

/** Makes a program ready to run. */
export function prepare(
  { library, pool, threads, scratch }: Workplace,
  planned: Planned,
): OffThreadProgram<Buffers> {
  const { program, plan } = planned, { ports, summed, sites } = plan;
  const first = Object.keys(SPACES).length, round = roundOf(plan, threads);
  const scattered = ports.flatMap(({ role }, rows) => role.is === "rows" ? [{ role, rows }] : []);
  const counts = {
    keys: 8 * (1 + Math.max(-1, ...sites.map(({ index }) => index))),
    run: 8 * RUN,
    tasks: 8 * TASK * plan.cells,
    spaces: 8 * SPACE * (first + ports.length),
    scatters: 8 * SCATTER * scattered.length,
    sums: 8 * SUM * summed.length,
  };
  const places = {} as Record<keyof typeof counts, number>;
  let size = 0;
  for (const [name, bytes] of Object.entries(counts) as [keyof typeof counts, number][]) {
    places[name] = size;
    size += aligned(bytes);
  }
  const portPlaces = ports.map((port) => {
    const place = size;
    size += portBytes(port, plan, threads);
    return place;
  });
  const block = allocateBlock(library, size), { buffer } = block;
  const plans = plansOf(library, planned);
  const addressOf = (place: number) => block.address + BigInt(place);
  const words = (name: keyof typeof counts) =>
    new BigInt64Array(buffer, places[name], counts[name] / 8);
  const keys = new Uint32Array(buffer, places.keys, counts.keys / 4);
  const run = words("run"), tasks = words("tasks"), spaces = words("spaces");
  const scatters = words("scatters"), sums = words("sums");

  const arrays = ports.map((port, i) => {
    if (isStaged(port)) return new Float32Array();
    const Elements = port.type === "float32" ? Float32Array : Int32Array;
    return new Elements(buffer, portPlaces[i], plan.cells * bytesOf(port) / 4);
  });
  const outputs = ports.flatMap(({ role, shape }, i) => {
    if (role.is !== "output") return [];
    // Scalars add up over the cells.
    const adds = plan.takes === "each" && shape.length === 0;
    const array = adds ? arrays[i].slice(0, 1) : arrays[i];
    return [{ name: role.name, array, terms: adds ? arrays[i] : undefined }];
  });
  const result = Object.fromEntries(outputs.map(({ name, array }) => [name, array]));

  /** Gives every cell a thread and a plan, and zeros where it leaves nothing. */
  function placeTasks(): void {
    const shared = sharedOut(plans.lengths, { threads, round });
    shared.cells.forEach((cell, i) => {
      const { plan: own, block } = plans.of(cell);
      tasks.set([BigInt(cell), BigInt(shared.threads[i]), block.address], TASK * i);
      ports.forEach(({ role, shape }, p) => {
        const size = sizeOf(shape), said = sizeOf(own.ports[p].shape);
        if (role.is === "output") arrays[p].fill(0, cell * size + said, (cell + 1) * size);
      });
    });
  }
  function placeSpaces(state: Buffers): void {
    const busy = threadsFor(plan, threads), sumBytes = 4 * plan.sums, arena = plans.arena();
    const work = scratch.reserve(busy * arena + threads * sumBytes);
    const sumsAt = work.address + BigInt(busy * arena);
    const put = (
      index: number,
      base: bigint,
      kind: Code<"SPACE">,
      stride = 0,
    ) => spaces.set([base, BigInt(codeOf("SPACE", kind)), BigInt(stride)], SPACE * index);
    put(SPACES.arena, work.address, "THREAD", arena);
    put(SPACES.constants, 0n, "PLAN");
    put(SPACES.weights, state.addresses.weights, "FIXED");
    put(SPACES.sums, sumsAt, "THREAD", sumBytes);
    ports.forEach((port, i) => {
      put(first + i, addressOf(portPlaces[i]), isStaged(port) ? "ROUND" : "CELL", strideOf(port));
    });
    const gradient = ({ offset }: Slot) => state.addresses.gradients + BigInt(4 * offset);
    scattered.forEach(({ role: { slot }, rows }, i) => {
      const [height, ...row] = slot.shape;
      const numbers = [first + idsOf(rows), first + rows, sizeOf(row), height];
      scatters.set([...numbers.map(BigInt), gradient(slot)], SCATTER * i);
    });
    summed.forEach(({ slot, from }, i) =>
      sums.set([gradient(slot), BigInt(from), BigInt(slot.size)], SUM * i)
    );
    run.set([
      addressOf(places.tasks),
      BigInt(plan.cells),
      BigInt(round),
      addressOf(places.spaces),
      BigInt(first + ports.length),
      addressOf(places.keys),
      addressOf(places.scatters),
      BigInt(scattered.length),
      addressOf(places.sums),
      BigInt(summed.length),
      sumsAt,
      BigInt(plan.sums),
    ]);
  }
  /** The ids of rows: both come in pairs, in the same order. */
  function idsOf(rows: number): number {
    const pair = scattered.findIndex((each) => each.rows === rows);
    return ports.flatMap(({ role }, i) => role.is === "ids" ? [i] : [])[pair];
  }
  return {
    async run(state, feeds, key) {
      ports.forEach(({ role }, i) => {
        if (role.is === "input") arrays[i].set(feedOf(program, feeds, role.name));
      });
      for (const name of Object.keys(program.inputs)) feedOf(program, feeds, name);
      plans.put(feeds);
      placeTasks();
      for (const { index } of sites) keys.set(derive(key, "dropout", index), 2 * index);
      placeSpaces(state);
      const outcome = await library.gil_run(pool, pointerOf(addressOf(places.run)));
      if (outcome !== 0) throw new Error(OUTCOMES[outcome]);
      if (state.arrays.weights.length === 0 && state.layout.size > 0) {
        throw new Error("its state was closed meanwhile");
      }
      ports.forEach(({ role }, i) => {
        if (role.is === "next") at(state.arrays.weights, role.slot).set(arrays[i]);
      });
      for (const { array, terms } of outputs) {
        if (!terms) continue;
        array[0] = 0;
        for (const term of terms) array[0] += term;
      }
      return result;
    },
    terminate: () => void (run[STOP] = 1n),
    detach() {
      block.detach();
      plans.detach();
    },
    free() {
      block.free();
      plans.free();
    },
  };
}
