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
  /** A window by its number; costs what the window has cells, not what comes before it. */
  window(index: number): Window;
}
