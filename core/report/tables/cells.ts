/**
 * The table before it has a format: headings and numbers as text.
 *
 * @module
 */

import { type Results, rowsOf } from "../results.ts";
import type { Spread } from "../../spread.ts";

/** A number of the table and its spread, both as text; no spread with a single seed. */
export interface Cell {
  readonly mean: string;
  readonly sd: string | undefined;
}

/** The columns under each evaluator. */
export const columns = ["learned", "at end", "Δ"] as const;

/** The whole table as text. */
export interface Cells {
  /** What heads each group of columns, one an evaluator. */
  readonly groups: readonly { readonly name: string; readonly unit: string }[];
  readonly rows: readonly {
    readonly method: string;
    readonly set: string;
    /** `groups` × `columns`, in that order; undefined where nothing was measured. */
    readonly cells: readonly (Cell | undefined)[];
  }[];
}

/** Writes the rows of a run with as many digits as each evaluator's numbers need. */
export function cellsOf(results: Results): Cells {
  const rows = rowsOf(results);
  const digits = results.run.evaluators.map((_, i) =>
    digitsFor(rows.flatMap(({ measures }) => {
      const { learned, end } = measures[i];
      return [learned, end].flatMap((spread) => spread === undefined ? [] : spread.mean);
    }))
  );
  return {
    groups: results.run.evaluators.map(({ name, unit }) => ({ name, unit })),
    rows: rows.map(({ method, set, measures }) => ({
      method,
      set,
      cells: measures.flatMap(({ learned, end, change }, i) => [
        cell(learned, digits[i], decimal),
        cell(end, digits[i], decimal),
        cell(change, digits[i], signed),
      ]),
    })),
  };
}

/** Mean and spread on one line; a dash where nothing was measured. */
export function oneLine(cell: Cell | undefined): string {
  if (cell === undefined) return "–";
  return cell.sd === undefined ? cell.mean : `${cell.mean} ± ${cell.sd}`;
}

/** Decimals that show three digits of the largest number, and never fewer than its units. */
export function digitsFor(values: readonly number[]): number {
  const largest = Math.max(0, ...values.map(Math.abs).filter(Number.isFinite));
  const power = largest === 0 ? 0 : Math.floor(Math.log10(largest));
  return Math.min(9, Math.max(0, power < 0 ? 2 - power : 3 - power));
}

/** A number with so many decimals and a minus sign that is as wide as a plus. */
export const decimal = (value: number, digits: number): string =>
  // A rounded zero has no sign.
  value.toFixed(digits).replace(/^-(0\.?0*)$/, "$1").replace("-", "−");

/** The same with its sign, plus as well as minus. */
export function signed(value: number, digits: number): string {
  const text = decimal(value, digits);
  return /[1-9]/.test(text) && value > 0 ? `+${text}` : text;
}

function cell(spread: Spread | undefined, digits: number, write: typeof decimal): Cell | undefined {
  if (spread === undefined) return undefined;
  const sd = spread.n > 1 ? decimal(spread.sd, digits) : undefined;
  return { mean: write(spread.mean, digits), sd };
}
