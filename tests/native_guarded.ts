/**
 * The engine `native` with every value in pages of its own: weights, gradients and moments, what is
 * fed and what comes out, constants, sums, and each value of a plan. What is read before it is written
 * is not a number.
 *
 * @module
 */

import {
  at,
  type BufferName,
  BUFFERS,
  type Engine,
  type Layout,
  type State,
} from "../core/model/program.ts";
import { openOptimiser } from "../plugins/engines/native/optimiser.ts";
import { partOf } from "../streams/engine/noise.ts";
import type { Buffers } from "../streams/engine/off_thread/buffers.ts";
import {
  type Guarded,
  type Memory,
  openMemory,
  pagesOf,
  type Region,
} from "./native_guarded_memory.ts";
import { guardedProgram } from "./native_guarded_program.ts";
import { layoutInRooms, type Rooms, roomsFor, type Side } from "./native_rooms.ts";

/** The buffers of a state in rooms. */
export interface Roomed extends Buffers {
  readonly rooms: Rooms;
}

/** An engine of `threads` threads. */
export function openGuarded(guarded: Guarded, threads: number, side: Side): Engine {
  const { kernels } = guarded, pool = kernels.gil_open(threads), memory = openMemory(guarded);
  if (!pool) throw new Error("there are no threads to be had");
  const optimiser = openOptimiser(kernels, pool), states = new Map<State, Roomed>();
  return {
    name: `guarded (${side}, ${threads} threads)`,
    precision: guarded.precision,
    device: "processor",
    threads,
    estimate: () => 0,
    allocate(layout, use) {
      const buffers = buffersIn(memory, layout, { use, side });
      const state: State = {
        layout,
        use,
        read: (name) => Promise.resolve(flat(layout, buffers, name)),
        write(name, values) {
          layout.slots.forEach((slot, i) =>
            at(buffers.arrays[name], buffers.layout.slots[i]).set(at(values, slot))
          );
          return Promise.resolve();
        },
        close: () => void states.delete(state),
      };
      states.set(state, buffers);
      return state;
    },
    compile(program, layout) {
      const run = guardedProgram({ guarded, pool, memory, threads, side }, program, layout);
      return Promise.resolve({
        run: (state, feeds, draw) => run(states.get(state)!, feeds, partOf(draw).key),
        close() {},
      });
    },
    async optimise(state, step) {
      // End to end, as they are elsewhere.
      const size = 4 * state.layout.size, rooms = roomsFor([size], side), [place] = rooms.places;
      const regions = BUFFERS.map(() => memory.region(rooms.bytes));
      const { arrays, addresses } = named(regions, place, size);
      for (const name of BUFFERS) arrays[name].set(await state.read(name));
      const buffers = { ...states.get(state)!, layout: state.layout, arrays, addresses };
      const pages = regions.flatMap((region) => pagesOf(region, rooms));
      await memory.closing(pages, () => optimiser.step(buffers, step));
      for (const name of BUFFERS) await state.write(name, arrays[name]);
    },
    close() {
      optimiser.free();
      kernels.gil_close(pool);
      memory.free();
      return Promise.resolve();
    },
  };
}

/** Arrays of `bytes` bytes at a place of each region, and their addresses. */
function named(
  regions: readonly Region[],
  place: number,
  bytes: number,
): Pick<Buffers, "arrays" | "addresses"> {
  const by = <A>(what: (region: Region) => A) =>
    Object.fromEntries(BUFFERS.map((name, i) => [name, what(regions[i])])) as Record<BufferName, A>;
  return {
    arrays: by(({ buffer }) =>
      buffer.byteLength > 0 ? new Float32Array(buffer, place, bytes / 4) : new Float32Array()
    ),
    addresses: by(({ address }) => address + BigInt(place)),
  };
}

function buffersIn(
  memory: Memory,
  layout: Layout,
  { use, side }: { readonly use: State["use"]; readonly side: Side },
): Roomed {
  const [moved, rooms] = layoutInRooms(layout, side);
  const regions = BUFFERS.map((name) =>
    memory.region(use === "training" || name === "weights" ? rooms.bytes : 0)
  );
  return { layout: moved, use, rooms, ...named(regions, 0, rooms.bytes), detach() {}, free() {} };
}

/** A buffer as its weights lie end to end; empty where it is. */
function flat(layout: Layout, { arrays, layout: moved }: Roomed, name: BufferName): Float32Array {
  const all = new Float32Array(arrays[name].length === 0 ? 0 : layout.size);
  if (all.length > 0) {
    layout.slots.forEach(({ offset }, i) => all.set(at(arrays[name], moved.slots[i]), offset));
  }
  return all;
}
