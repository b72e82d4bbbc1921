/**
 * A compressed matrix: `data`, `indices` and `indptr`.
 *
 * @module
 */

import type { InputError } from "../../core/errors.ts";
import type { Numbers, Stored } from "./stored.ts";
import { unreadable } from "./unreadable.ts";

/** A matrix compressed along its major axis: rows of cells in CSR, columns of genes in CSC. */
export interface Sparse {
  /** Length of the major axis. */
  readonly major: number;
  /** Length of the other axis. */
  readonly minor: number;
  /** Where each row or column begins, and the end: 8 bytes each. */
  readonly borders: Float64Array;
  /** Values of the entries `from … to - 1`. */
  data(from: number, to: number): Promise<Numbers>;
  /** Places of the entries along the minor axis, each below `minor`. */
  indices(from: number, to: number): Promise<Numbers>;
}

/** Opens the compressed matrix at a path; throws an `InputError` where its parts disagree. */
export async function openSparse(
  file: Stored,
  at: string,
  [major, minor]: readonly [major: number, minor: number],
): Promise<Sparse> {
  const refuse = (why: string): InputError => unreadable(file.path, `"${at}" is damaged: ${why}`);
  const data = file.array(`${at}/data`, "lost");
  // Where there is but one column, its index is what a gap stands for.
  const indices = file.array(`${at}/indices`, minor > 1 ? "lost" : "filled");
  const indptr = file.array(`${at}/indptr`, data.shape[0] > 0 ? "lost" : "filled");
  if (indptr.shape[0] !== major + 1) {
    throw refuse(`it has ${indptr.shape[0]} borders, not ${major + 1}`);
  }
  const borders = new Float64Array(await indptr.numbers(0, major + 1));
  if (borders[0] !== 0 || borders.some((border, i) => i > 0 && !(border >= borders[i - 1]))) {
    throw refuse("its borders do not ascend from 0");
  }
  if (!borders.every(Number.isInteger)) throw refuse("one of its borders is not whole");
  if (borders.some((border, i) => i > 0 && border - borders[i - 1] > minor)) {
    throw refuse(`there are more entries between two of its borders than ${minor}`);
  }
  if (data.shape[0] !== borders[major] || indices.shape[0] !== borders[major]) {
    throw refuse(
      `it has ${data.shape[0]} values and ${indices.shape[0]} indices, not ${borders[major]}`,
    );
  }
  return {
    major,
    minor,
    borders,
    data: data.numbers,
    async indices(from, to) {
      const read = await indices.numbers(from, to);
      for (let i = 0; i < read.length; i++) {
        const index = read[i];
        // For all but a whole number from 0 on, the unsigned one differs.
        if (!(index < minor && index >>> 0 === index)) {
          throw refuse(`index ${read[i]} is outside 0 … ${minor - 1}`);
        }
      }
      return read;
    },
  };
}
