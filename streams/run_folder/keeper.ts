/**
 * Keeps where seeds are, in time and when the run is to stop.
 *
 * @module
 */

import { Subject } from "rxjs";
import type { Bookmark } from "../checkpoint/bookmark.ts";
import type { Clock } from "../console/terminal.ts";
import type { Keeper } from "../run.ts";
import type { Interval } from "./interval.ts";

/** What a keeper works with. */
export interface KeeperOptions {
  /** Where seeds go on. */
  readonly found: ReadonlyMap<number, Bookmark>;
  readonly every: Interval;
  readonly clock: Clock;
  /** Returns when the bookmark is on the disk. */
  readonly write: (bookmark: Bookmark) => Promise<void>;
}

/** A keeper that can be told to stop. */
export interface StoppingKeeper extends Keeper {
  /** From now on every seed is kept after its present step, or leg, and goes no further. */
  stop(): void;
}

/** Keeps bookmarks with `write`. */
export function keeperOf({ found, every, clock, write }: KeeperOptions): StoppingKeeper {
  const since = new Map<number, { steps: number; seconds: number }>();
  const stopping = new Subject<void>();
  let stopped = false;

  function isDue(seed: number): boolean {
    const last = since.get(seed) ?? { steps: 0, seconds: clock.now() };
    last.steps++;
    since.set(seed, last);
    return "steps" in every
      ? last.steps >= every.steps
      : clock.now() - last.seconds >= every.seconds;
  }
  return {
    found: (seed) => found.get(seed),
    isDue,
    async keep(bookmark) {
      await write(bookmark);
      since.set(bookmark.seed, { steps: 0, seconds: clock.now() });
    },
    stopped: () => stopped,
    stopping,
    stop() {
      stopped = true;
      stopping.next();
    },
  };
}
