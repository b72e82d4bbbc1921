/**
 * Where people read: standard output carries results, standard error carries progress.
 *
 * @module
 */

import { Context } from "effect";
import { writeSync } from "node:fs";
import { type Clock, clock, type Terminal, terminal } from "./terminal.ts";

/** Where text goes, and when; a test hands over one of its own. */
export interface Screen extends Clock {
  /** Writes text to standard output. */
  print(text: string): void;
  /** Writes text to standard error. */
  tell(text: string): void;
  /** What standard output can do. */
  output(): Terminal;
  /** What standard error can do. */
  error(): Terminal;
}

/** The screen that reporters and commands write to: the process's own unless another is provided. */
export const Screen: Context.Reference<Screen> = Context.Reference<Screen>("gil/Screen", {
  defaultValue: () => ({
    now: clock.now,
    print: (text) => writeAll(1, text),
    tell: (text) => writeAll(2, text),
    output: () => terminal("output"),
    error: () => terminal("error"),
  }),
});

/** Writes everything; a reader who has left, as `head` does, is no error. */
function writeAll(file: number, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let from = 0; from < bytes.length;) {
    try {
      from += writeSync(file, bytes, from);
    } catch (error) {
      const code = (error as { code?: string }).code;
      if (code === "EPIPE") return;
      if (code !== "EAGAIN") throw error;
    }
  }
}
