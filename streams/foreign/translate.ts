/**
 * Lists of tokens and values to the entries of cells.
 *
 * @module
 */

import type { Lists } from "../parquet/foreign/column_reader.ts";
import { LEFT_OUT, type TokenMapping, UNKNOWN } from "./foreign_layout.ts";

/** Where entries go; room for as many as the lists of tokens have. */
export interface EntryTarget {
  /** Cell `i` will own entries `offsets[i]` up to `offsets[i + 1]`; one longer than there are rows. */
  readonly offsets: Uint32Array;
  readonly genes: Uint32Array;
  readonly values: Float32Array;
}

/** A row that is no cell, and why, as a clause. */
export interface RowFault {
  readonly row: number;
  readonly why: string;
}

/** Fills the target with the entries of some rows; says at which it had to stop. */
export type TranslateInto = (target: EntryTarget, tokens: Lists, values: Lists) =>
  | RowFault
  | undefined;

/** What follows each message that may mean another vocabulary. */
const ANOTHER = "name the vocabulary that the file was written with";

/**
 * The translation that a mapping describes. Genes come in the order in which the file has them; tokens
 * that are left out and values of zero leave no entry.
 */
export function translator({ tokens: geneOf, vocabulary, scale }: TokenMapping): TranslateInto {
  const { symbols } = vocabulary, size = geneOf.length, counts = scale === "counts";
  // The row, counted over all calls, that named a gene last.
  const last = new Float64Array(symbols.length).fill(-1);
  let rowsBefore = 0;

  return (target, tokens, values) => {
    const rows = tokens.offsets.length - 1, first = rowsBefore;
    rowsBefore += rows;
    let entry = target.offsets[0] = 0;
    for (let row = 0; row < rows; row++) {
      const from = tokens.offsets[row], to = tokens.offsets[row + 1];
      const shift = values.offsets[row] - from;
      if (values.offsets[row + 1] - shift !== to) {
        return { row, why: lengthsOf(to - from, values.offsets[row + 1] - values.offsets[row]) };
      }
      for (let e = from; e < to; e++) {
        const token = tokens.values[e], value = Math.fround(values.values[e + shift]);
        // An index that is no integer, or not from 0 on, finds nothing.
        const gene = token < size ? geneOf[token] : UNKNOWN;
        if (gene === LEFT_OUT) continue;
        if (!(gene >= 0)) return { row, why: tokenFault(token, size) };
        if (last[gene] === first + row) {
          return { row, why: `it names gene "${symbols[gene]}" twice` };
        }
        last[gene] = first + row;
        if (value === 0) continue;
        if (!(value > 0 && value < 2 ** 32) || (counts && value !== Math.floor(value))) {
          return { row, why: valueFault(symbols[gene], value, counts) };
        }
        target.genes[entry] = gene;
        target.values[entry++] = value;
      }
      target.offsets[row + 1] = entry;
    }
    return undefined;
  };
}

const lengthsOf = (genes: number, values: number): string =>
  `it has ${genes} genes and ${values} values`;

function tokenFault(token: number, size: number): string {
  if (!(Number.isInteger(token) && token >= 0)) {
    return `it has the token ${token}, and tokens are integers from 0`;
  }
  return token < size
    ? `the vocabulary has no symbol for its token ${token}; ${ANOTHER}`
    : `it has the token ${token}, and the last of the vocabulary is ${size - 1}; ${ANOTHER}`;
}

function valueFault(symbol: string, value: number, counts: boolean): string {
  const what = `gene "${symbol}" has the value ${value}`;
  return counts && value > 0 && value < 2 ** 32
    ? `${what}, which is not a count; log-normalised values are read with the scale "log1p"`
    : `${what}, and values are finite and not below 0`;
}
