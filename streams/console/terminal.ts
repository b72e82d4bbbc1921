/**
 * What surrounds a run: the time that has passed, and what can be done where text appears.
 *
 * @module
 */

import process from "node:process";

/** A clock that never goes back. */
export interface Clock {
  /** Seconds since a fixed moment. */
  now(): number;
}

/** The process's clock. */
export const clock: Clock = { now: () => performance.now() / 1000 };

/** What can be done where text appears. */
export interface Terminal {
  /** Whether someone is watching: lines can be drawn again. */
  readonly isTerminal: boolean;
  /** Characters in a line; 80 where there is no terminal. */
  readonly columns: number;
  /** Whether colours show; never when `NO_COLOR` is set. */
  readonly colour: boolean;
}

/** The facts about standard output or standard error, as they are now. */
export function terminal(which: "output" | "error"): Terminal {
  const stream = which === "output" ? process.stdout : process.stderr;
  const isTerminal = stream.isTTY === true && process.env.TERM !== "dumb";
  return {
    isTerminal,
    columns: (isTerminal && stream.columns) || 80,
    colour: isTerminal && !process.env.NO_COLOR,
  };
}
