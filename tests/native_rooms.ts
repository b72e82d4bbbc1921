/**
 * Memory in which every value lies between pages that can be closed.
 *
 * @module
 */

import type { Layout } from "../core/model/program.ts";
import type { Arena } from "../plugins/engines/native/plan/arena.ts";
import type { Planning } from "../plugins/engines/native/plan/plan.ts";

/** Bytes of a page. */
export const PAGE = 4096;

/** Where a value lies in its pages: up to the end of the last, or from the beginning of the first. */
export type Side = "end" | "begin";

/** Places of values in bytes, pages before, between and behind them, and the bytes of all. */
export interface Rooms {
  readonly places: readonly number[];
  readonly closed: readonly number[];
  /** A multiple of `PAGE`. */
  readonly bytes: number;
}

/** Rooms for values of so many bytes, which lie at multiples of 4. */
export function roomsFor(sizes: readonly number[], side: Side): Rooms {
  const closed = [0];
  let bytes = PAGE;
  const places = sizes.map((size) => {
    const begin = bytes, end = begin + Math.ceil(size / PAGE) * PAGE;
    closed.push(end);
    bytes = end + PAGE;
    return side === "begin" ? begin : end - Math.ceil(size / 4) * 4;
  });
  return { places, closed, bytes };
}

/** One room for values that lie end to end, as kernels clear them at once; no page of it is closed. */
export function sharedRoom(sizes: readonly number[], side: Side): Rooms {
  const total = sizes.reduce((sum, size) => sum + size, 0), bytes = Math.ceil(total / PAGE) * PAGE;
  let next = side === "begin" ? 0 : bytes - total;
  const places = sizes.map((size) => {
    const place = next;
    next += size;
    return place;
  });
  return { places, closed: [], bytes };
}

/** The layout with each weight in a room of its own, and the rooms. */
export function layoutInRooms({ slots }: Layout, side: Side): [Layout, Rooms] {
  const rooms = roomsFor(slots.map(({ size }) => 4 * size), side);
  const moved = slots.map((slot, i) => ({ ...slot, offset: rooms.places[i] / 4 }));
  return [{ slots: moved, size: rooms.bytes / 4 }, rooms];
}

/** Rooms of a plan. */
export type PlanRooms = Record<"arena" | "sums" | "constants", Rooms>;

/** How a plan lays its values into rooms, which `kept` gets: of their own, but for sums. */
export function inRooms(side: Side, kept: Partial<PlanRooms>): Planning {
  return {
    lay(steps, bytesOf, rootOf): Arena {
      const names = [...new Set(steps.flatMap(({ writes }) => writes.map(rootOf)))]
        .filter((name) => bytesOf(name) !== undefined);
      const rooms = kept.arena = roomsFor(names.map((name) => bytesOf(name)!), side);
      const places = new Map(names.map((name, i) => [name, rooms.places[i]]));
      return { places, bytes: rooms.bytes };
    },
    // Sums are stacked first.
    stack: (sizes) =>
      kept.sums === undefined
        ? kept.sums = sharedRoom(sizes, side)
        : kept.constants = roomsFor(sizes, side),
  };
}
