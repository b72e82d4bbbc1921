/**
 * A program as a plan whose values lie in rooms.
 *
 * @module
 */

import { type Arrays, at, type Layout, type Program, type Slot } from "../core/model/program.ts";
import type { Key } from "../core/random.ts";
import { type Code, codeOf } from "../plugins/engines/native/codes.ts";
import { OUTCOMES } from "../plugins/engines/native/library.ts";
import { ELEMENTS } from "../plugins/engines/native/plan/planner.ts";
import { bytesOf, planned, type PlanPort, SPACES } from "../plugins/engines/native/plan/plan.ts";
import { feedOf, sizeOf } from "../streams/engine/feeds.ts";
import { siteKey } from "../streams/engine/noise.ts";
import type { Pointer } from "../streams/platform.ts";
import type { Roomed } from "./native_guarded.ts";
import { type Guarded, type Memory, pagesOf, type Region } from "./native_guarded_memory.ts";
import {
  inRooms,
  layoutInRooms,
  PAGE,
  type PlanRooms,
  type Rooms,
  roomsFor,
  type Side,
} from "./native_rooms.ts";

/** What programs run with. */
export interface Place {
  readonly guarded: Guarded;
  readonly pool: Pointer;
  readonly memory: Memory;
  readonly threads: number;
  readonly side: Side;
}

/** A port with a room for each cell. */
interface Door extends PlanPort {
  readonly region: Region;
  readonly rooms: Rooms;
  /** Its elements, cell by cell. */
  readonly cells: readonly InstanceType<(typeof ELEMENTS)[keyof typeof ELEMENTS]>[];
}

/** Runs the program on a state, as `Compiled` does; cell by cell where it allows that. */
export function guardedProgram(
  { guarded, pool, memory, threads, side }: Place,
  program: Program,
  layout: Layout,
): (state: Roomed, feeds: Arrays, key: Key) => Promise<Arrays> {
  const one = program.moves?.length ? undefined : program.each?.(),
    [fed] = Object.keys(program.inputs);
  const cells = one ? sizeOf(program.inputs[fed].shape) / sizeOf(one.inputs[fed].shape) : 1;
  const rooms: Partial<PlanRooms> = {};
  const plan = planned(one ?? program, layoutInRooms(layout, side)[0], {
    ...inRooms(side, rooms),
    precision: guarded.precision,
  });
  const { arena: arenaRooms, sums: sumRoom, constants: constantRooms } = rooms as PlanRooms;
  // More chains than threads, as small sums have.
  const busy = one ? threads : 1,
    chains = one ? 2 * threads : 1,
    first = Object.keys(SPACES).length;
  const arena = memory.region(busy * arenaRooms.bytes),
    constants = memory.region(constantRooms.bytes);
  const sums = memory.region(2 * PAGE + chains * sumRoom.bytes),
    sumsAt = sums.address + BigInt(PAGE);
  new Uint8Array(constants.buffer).set(plan.constants);
  const words = inRoom(plan.words);
  const doors = plan.ports.map((port): Door => {
    const rooms = roomsFor(Array.from({ length: cells }, () => bytesOf(port)), side);
    const region = memory.region(rooms.bytes), Elements = ELEMENTS[port.type];
    const arrays = rooms.places.map((place) =>
      new Elements(region.buffer, place, sizeOf(port.shape))
    );
    return { ...port, region, rooms, cells: arrays };
  });
  const idsOf = doors.flatMap(({ role }, door) => role.is === "ids" ? [first + door] : []);

  /** An array in a room of its own: its address, and the pages about it. */
  function inRoom(array: Int32Array | Uint32Array): { address: bigint; pages: bigint[] } {
    const rooms = roomsFor([array.byteLength], side), region = memory.region(rooms.bytes);
    new Int32Array(region.buffer, rooms.places[0], array.length).set(array);
    return { address: region.address + BigInt(rooms.places[0]), pages: pagesOf(region, rooms) };
  }
  /** A table of 64-bit words. */
  function table(rows: readonly (readonly (number | bigint)[])[]): bigint {
    const flat = rows.flat().map(BigInt), { address, buffer } = memory.region(8 * flat.length);
    new BigInt64Array(buffer, 0, flat.length).set(flat);
    return address;
  }
  const kind = (name: Code<"SPACE">): number => codeOf("SPACE", name);

  return async (state, feeds, key) => {
    for (const name of Object.keys(program.inputs)) feedOf(program, feeds, name);
    new Uint8Array(arena.buffer).fill(255);
    for (const { role, region, cells } of doors) {
      // No number, where somebody reads what nobody has written.
      if (role.is !== "input") new Uint8Array(region.buffer).fill(255);
      else fillDoor(cells, feedOf(program, feeds, role.name));
    }
    const drawn = new Uint32Array(4 * (1 + Math.max(-1, ...plan.sites.map(({ index }) => index))));
    for (const { index } of plan.sites) drawn.set(siteKey(key, index), 4 * index);
    const draws = inRoom(drawn), { addresses, arrays } = state;
    const gradient = ({ offset }: Slot) => addresses.gradients + BigInt(4 * offset);
    const spaces = [
      [arena.address, kind("THREAD"), arenaRooms.bytes],
      [constants.address, kind("FIXED"), 0],
      [addresses.weights, kind("FIXED"), 0],
      [sumsAt, kind("CHAIN"), sumRoom.bytes],
      ...doors.map((
        { region, rooms: { places: [from, next = from] } },
      ) => [region.address + BigInt(from), kind("CELL"), next - from]),
    ];
    const rows = doors.flatMap(({ role, shape }, door) => {
      if (role.is !== "rows") return [];
      const [height, ...row] = role.slot.shape;
      return [[first + door, shape[0], sizeOf(row), height, gradient(role.slot)]];
    }).map((row, i) => [idsOf[i], ...row]);
    const summed = plan.summed.map(({ slot, from }) => [gradient(slot), from, slot.size]);
    const request = [
      words.address,
      plan.words.length,
      cells,
      chains,
      table(spaces),
      spaces.length,
      constants.address,
      draws.address,
      table(rows),
      rows.length,
      table(summed),
      summed.length,
      sumsAt,
      sumRoom.bytes / 4,
    ];
    const arenas = Array.from({ length: busy }, (_, thread) => ({
      address: arena.address + BigInt(thread * arenaRooms.bytes),
    }));
    const pages = [
      ...pagesOf({ address: addresses.weights }, state.rooms),
      ...(arrays.gradients.length > 0
        ? pagesOf({ address: addresses.gradients }, state.rooms)
        : []),
      ...pagesOf(constants, constantRooms),
      ...words.pages,
      ...draws.pages,
      ...doors.flatMap(({ region, rooms }) => pagesOf(region, rooms)),
      ...arenas.flatMap((region) => pagesOf(region, arenaRooms)),
      sums.address,
      sumsAt + BigInt(chains * sumRoom.bytes),
    ];
    const given = BigInt64Array.from(request.map(BigInt));
    const outcome = await memory.closing(pages, () => guarded.guards.guarded_run(pool, given));
    if (outcome !== 0) throw new Error(OUTCOMES[outcome]);
    for (const { role, cells: [values] } of doors) {
      if (role.is !== "next") continue;
      at(arrays.weights, state.layout.slots.find(({ name }) => name === role.slot.name)!).set(
        values,
      );
    }
    return Object.fromEntries(
      doors.flatMap((door) =>
        door.role.is === "output" ? [[door.role.name, outputOf(door, one !== undefined)]] : []
      ),
    );
  };
}

function fillDoor(cells: Door["cells"], values: Float32Array | Int32Array): void {
  cells.forEach((cell, i) => cell.set(values.subarray(i * cell.length, (i + 1) * cell.length)));
}

/** What came out of all cells; scalars add up. */
function outputOf({ cells, type, shape }: Door, alone: boolean): Float32Array | Int32Array {
  if (alone && shape.length === 0) {
    const sum = new Float32Array(1);
    for (const [term] of cells) sum[0] += term;
    return sum;
  }
  const Elements = type === "float32" ? Float32Array : Int32Array;
  const all = new Elements(cells.length * cells[0].length);
  cells.forEach((cell, i) => all.set(cell, i * cell.length));
  return all;
}
