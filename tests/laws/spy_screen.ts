/**
 * A screen that remembers what it shows.
 *
 * @module
 */

import type { Screen } from "../../streams/screen.ts";

/** A screen whose time goes by a second each time someone looks at the clock. */
export interface SpyScreen extends Screen {
  /** Everything that went to standard output. */
  printed(): string;
  /** Everything that went to standard error. */
  told(): string;
}

/** Makes an empty one: a pipe, or a terminal with so many columns. */
export function spyScreen(kind: "pipe" | "terminal", columns = 80): SpyScreen {
  let seconds = 0, printed = "", told = "";
  const terminal = () => ({ isTerminal: kind === "terminal", columns, colour: false });
  return {
    now: () => seconds++,
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
