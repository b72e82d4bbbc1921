/**
 * How long a run has taken, over all the times that it was taken up.
 *
 * @module
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { explain } from "../explain.ts";
import { clock } from "../console/terminal.ts";
import { writeWhole } from "../write_whole.ts";

const FILE = "time.json";

/** A clock that goes on where it was stopped. */
export interface Stopwatch {
  /** Stops it for good: seconds in all, which are what is noted from then on. */
  stop(): number;
  /** Writes them down. */
  note(): void;
}

/** The clock of a run's folder. */
export function stopwatch(folder: string): Stopwatch {
  const before = secondsOf(folder) ?? 0, begun = clock.now();
  let end: number | undefined;
  const seconds = () => end ?? before + clock.now() - begun;
  return {
    stop: () => end = seconds(),
    note() {
      const path = join(folder, FILE);
      try {
        writeWhole(path, [JSON.stringify({ seconds: seconds() }) + "\n"]);
      } catch (cause) {
        throw explain(`Cannot write "${path}"`, cause) ?? cause;
      }
    },
  };
}

/** Seconds that were written down; undefined where there are none. */
export function secondsOf(folder: string): number | undefined {
  const path = join(folder, FILE);
  if (!existsSync(path)) return undefined;
  try {
    const { seconds } = JSON.parse(readFileSync(path, "utf8")) as { seconds: unknown };
    return typeof seconds === "number" ? seconds : undefined;
  } catch {
    // A clock that cannot be read is no reason to lose a run.
    return undefined;
  }
}
