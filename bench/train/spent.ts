/**
 * Where the time of a run goes: to its engine, to waiting for cells, to all else that the main thread
 * does. What is done while the engine computes costs nothing and counts as the engine's.
 *
 * @module
 */

/** Milliseconds. */
export interface Spent {
  /** While the engine computed. */
  readonly engine: number;
  /** While the engine had nothing to do and cells were awaited. */
  readonly cells: number;
  /** All other time. */
  readonly rest: number;
}

/** Follows a run. */
export interface Stopwatch {
  /** Does work during which the engine computes, or cells are awaited. */
  during<A>(what: "engine" | "cells", work: () => Promise<A>): Promise<A>;
  /** What was spent so far. */
  spent(): Spent;
}

/** A stopwatch that begins now. */
export function stopwatch(): Stopwatch {
  const spent = { engine: 0, cells: 0, rest: 0 }, open = { engine: 0, cells: 0 };
  let since = performance.now();

  function turn(): void {
    const now = performance.now();
    spent[open.engine > 0 ? "engine" : open.cells > 0 ? "cells" : "rest"] += now - since;
    since = now;
  }
  return {
    async during(what, work) {
      turn();
      open[what]++;
      try {
        return await work();
      } finally {
        turn();
        open[what]--;
      }
    },
    spent() {
      turn();
      return { ...spent };
    },
  };
}

/** Time that passed between two looks at a stopwatch. */
export const between = (before: Spent, after: Spent): Spent => ({
  engine: after.engine - before.engine,
  cells: after.cells - before.cells,
  rest: after.rest - before.rest,
});

/** Both times. */
export const together = (a: Spent, b: Spent): Spent => ({
  engine: a.engine + b.engine,
  cells: a.cells + b.cells,
  rest: a.rest + b.rest,
});

/** All of it, in milliseconds. */
export const total = ({ engine, cells, rest }: Spent): number => engine + cells + rest;
