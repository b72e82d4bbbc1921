/**
 * A screen that remembers what it shows.
 *
 * @module
 */

import type { Screen } from "../../streams/console/screen.ts";

/** A screen whose time goes by when it is told to. */
export interface SpyScreen extends Screen {
  /** Lets time go by. */
  wait(seconds: number): void;
  /** Everything that went to standard output. */
  printed(): string;
  /** Everything that went to standard error. */
  told(): string;
}

/** Makes an empty one: a pipe, or a terminal with so many columns. */
export function spyScreen(kind: "pipe" | "terminal", columns = 80): SpyScreen {
  let time = 0, printed = "", told = "";
  const terminal = () => ({ isTerminal: kind === "terminal", columns, colour: false });
  return {
    now: () => time,
    wait: (seconds) => {
      time += seconds;
    },
    print: (text) => {
      printed += text;
    },
    tell: (text) => {
      told += text;
    },
    output: terminal,
    error: terminal,
    printed: () => printed,
    told: () => told,
  };
}
