/**
 * What this process has open, as the system knows it: for programs that tests run in processes of their own.
 *
 * @module
 */

import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The number of files below a folder that are open. */
export const openFiles = (folder: string): number =>
  readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
    } catch {
      return false;
    }
  }).length;

/** Threads of workers, by the numbers that the system has for them; the runtime's own come and go. */
export const workerThreads = (): string[] =>
  readdirSync("/proc/self/task").filter((task) => {
    try {
      return readFileSync(`/proc/self/task/${task}/comm`, "utf8").startsWith("worker");
    } catch {
      return false;
    }
  });
