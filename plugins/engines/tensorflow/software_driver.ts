/**
 * Mesa's graphics driver in software, which TensorFlow does not bear before it in a process: both
 * bring a compiler of the same name, and TensorFlow would call into the wrong one. After it, all is
 * well.
 *
 * @module
 */

import process from "node:process";
import { openLibrary } from "../../../streams/platform.ts";

const DRIVER = "libvulkan_lvp.so", LIBRARY = "libtensorflow_cc.so.2";
/** Of dlfcn.h: bind when called, and do not load what is not there. */
const LAZY = 1, NO_LOAD = 4;

/** Whether the driver is part of the process, and TensorFlow is not yet. */
export function comesTooLate(): boolean {
  if (process.platform !== "linux") return false;
  const { dlopen } = openLibrary("libc.so.6", {
    dlopen: { parameters: ["buffer", "i32"], result: "pointer" },
  });
  const isLoaded = (name: string) =>
    dlopen(new TextEncoder().encode(`${name}\0`), LAZY | NO_LOAD) !== null;
  return isLoaded(DRIVER) && !isLoaded(LIBRARY);
}
