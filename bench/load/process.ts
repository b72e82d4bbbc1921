/**
 * What the system knows about this process; 0 where it does not tell.
 *
 * @module
 */

import { readFileSync } from "node:fs";

/** Bytes that this process has had from disks, and not from the page cache. */
export const bytesRead = (): number => Number(about("/proc/self/io", /read_bytes: (\d+)/));

/** Most bytes that this process had in memory, files that it maps included. */
export const peakMemory = (): number =>
  1024 * Number(about("/proc/self/status", /VmHWM:\s*(\d+) kB/));

function about(file: string, field: RegExp): string {
  try {
    return readFileSync(file, "utf8").match(field)?.[1] ?? "0";
  } catch {
    return "0";
  }
}
