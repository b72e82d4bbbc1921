/**
 * What is read together and in which order it comes: a value, made before anything is opened.
 *
 * @module
 */

/** Rows `from … to - 1` of an atlas. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What is in memory together. */
export interface Window {
  /** What is read: runs of rows that lie side by side in the files, none without a cell that comes. */
  readonly spans: readonly Span[];
  /** The cells that come, in their order: places within the spans laid end to end, perhaps repeated. */
  readonly picks: Uint32Array;
}

/** An order of cells. */
export interface ReadPlan {
  /** Windows in all. */
  readonly windows: number;
  /** Cells that a window has at most. */
  readonly most: number;
  /** A window by its number; costs what the window has cells, not what comes before it. */
  window(index: number): Window;
  /**
   * Cells that come before a window, and in all for `windows`; at no cost, or where some cells are
   * left out, by asking for each of those before it, once.
   */
  before(index: number): number;
}

/** A place in an order of cells. */
export interface Start {
  /** Number of the window; that of no window at the end of the order. */
  readonly window: number;
  /** Picks of it to leave out. */
  readonly skip: number;
}

/** Where the cell number `from` of a plan is; the end where there are not so many. */
export function startAt(plan: ReadPlan, from: number): Start {
  // No window is larger than `most`, so the cell is in this one or a later: the next, as a rule.
  let window = Math.min(plan.windows, Math.floor(from / plan.most));
  while (window < plan.windows && plan.before(window + 1) <= from) window++;
  return { window, skip: window === plan.windows ? 0 : from - plan.before(window) };
}
