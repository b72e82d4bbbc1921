/**
 * Cells that could not be read and were left out.
 *
 * @module
 */

import type { Damage } from "../reading/staging/reader_settings.ts";
import type { Reading } from "../reading/pool/parts.ts";

/** What was left out so far. */
export interface Skipped {
  readonly cells: number;
  /** A sentence for each of the first row groups that are damaged. */
  readonly notes: readonly string[];
}

/** Row groups that are named. */
const NAMED = 20;

/** Begins with none. */
export function skippedCells(failure: Reading["failure"]) {
  const notes = new Map<string, string>();
  let cells = 0;
  return {
    add(damages: readonly Damage[]): void {
      for (const damage of damages) {
        const { shard, group, fault } = damage, place = `${shard} ${group}`;
        cells += damage.cells;
        if (notes.has(place) || notes.size >= NAMED) continue;
        notes.set(place, failure(fault, damage).message);
      }
    },
    sum: (): Skipped => ({ cells, notes: [...notes.values()] }),
    /** The same for people. */
    warnings: (): string[] =>
      cells === 0 ? [] : [
        `Cells were left out ${cells.toLocaleString("en")} times: ${
          [...notes.values()].join("; ")
        }`,
      ],
  };
}
