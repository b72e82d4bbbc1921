/**
 * Where values lie while a plan runs: memory of a value is used again after its last reader.
 *
 * @module
 */

import type { Step } from "./planner.ts";

/** Places in bytes, multiples of `ALIGNMENT`. */
export interface Arena {
  readonly places: ReadonlyMap<string, number>;
  readonly bytes: number;
}

/** Bytes of a cache line. */
export const ALIGNMENT = 64;

/** A multiple of `ALIGNMENT`, at least one. */
export const aligned = (bytes: number): number =>
  Math.max(1, Math.ceil(bytes / ALIGNMENT)) * ALIGNMENT;

/** Places of values that stay, one behind the other, and the bytes of all. */
export function stacked(sizes: readonly number[]): Stack {
  let bytes = 0;
  const places = sizes.map((size) => {
    const place = bytes;
    bytes += aligned(size);
    return place;
  });
  return { places, bytes };
}

/** Places in bytes, in the order of the values. */
export interface Stack {
  readonly places: readonly number[];
  readonly bytes: number;
}

interface Life {
  readonly name: string;
  readonly from: number;
  to: number;
}

/**
 * Finds room for the values that steps write.
 *
 * @param bytesOf Bytes of a value; undefined for those that lie elsewhere.
 * @param rootOf The value whose memory a value has.
 */
export function arrange(
  steps: readonly Step[],
  bytesOf: (root: string) => number | undefined,
  rootOf: (name: string) => string,
): Arena {
  const lives = livesOf(steps, rootOf), places = new Map<string, number>();
  const taken: { from: number; to: number; until: number }[] = [];
  let bytes = 0;
  steps.forEach((step, now) => {
    const dying = new Set(
      (step.replaces ?? []).map(rootOf).filter((name) => lives.get(name)?.to === now),
    );
    for (const name of new Set(step.writes.map(rootOf))) {
      const life = lives.get(name), size = bytesOf(name);
      if (!life || life.from !== now || size === undefined || places.has(name)) continue;
      const heir = [...dying].find((other) => bytesOf(other) === size && places.has(other));
      if (heir !== undefined) {
        dying.delete(heir);
        const place = places.get(heir)!;
        places.set(name, place);
        taken.find(({ from, until }) => from === place && until === now)!.until = life.to;
        continue;
      }
      const from = gap(taken.filter(({ until }) => until >= now), aligned(size));
      places.set(name, from);
      taken.push({ from, to: from + aligned(size), until: life.to });
      bytes = Math.max(bytes, from + aligned(size));
    }
    // Only what may still be in use is looked at again.
    const rest = taken.filter(({ until }) => until > now);
    taken.splice(0, taken.length, ...rest);
  });
  return { places, bytes };
}

/** From which step to which each value is needed. */
function livesOf(
  steps: readonly Step[],
  rootOf: (name: string) => string,
): ReadonlyMap<string, Life> {
  const lives = new Map<string, Life>();
  steps.forEach(({ reads, writes }, now) => {
    for (const name of [...writes, ...reads].map(rootOf)) {
      const life = lives.get(name);
      if (life) life.to = now;
      else lives.set(name, { name, from: now, to: now });
    }
  });
  return lives;
}

/** The smallest gap that holds so many bytes, or the end. */
function gap(taken: readonly { readonly from: number; readonly to: number }[], size: number) {
  let end = 0, best = Infinity, found: number | undefined;
  for (const { from, to } of taken.toSorted((a, b) => a.from - b.from)) {
    if (from - end >= size && from - end < best) [best, found] = [from - end, end];
    end = Math.max(end, to);
  }
  return found ?? end;
}
