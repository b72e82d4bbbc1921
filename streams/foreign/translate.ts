/**
 * Lists of tokens and values to the entries of cells.
 *
 * @module
 */

import type { Numbers } from "../parquet/plain.ts";
import { LEFT_OUT, type TokenMapping, UNKNOWN } from "./foreign_layout.ts";
import { quickRows } from "./quick_rows.ts";

/** Lists of tokens and of values, which become entries where they lie. */
export interface TokenLists {
  /** Row `i` owns tokens `offsets[i]` up to `offsets[i + 1]`. */
  readonly offsets: Uint32Array;
  /** The same for values, as the file has it. */
  readonly others: Uint32Array;
  readonly genes: Numbers;
  readonly values: Float32Array;
}

/** A row that is no cell, and why, as a clause. */
export interface RowFault {
  readonly row: number;
  readonly why: string;
}

/**
 * Makes entries of the rows `from … to - 1`, the last that are there, in place; says at which it had to
 * stop.
 */
export type TranslateRows = (
  lists: TokenLists,
  rows: { readonly from: number; readonly to: number },
) => RowFault | undefined;

/** What follows each message that may mean another vocabulary. */
const ANOTHER = "name the vocabulary that the file was written with";

/**
 * The translation that a mapping describes. Genes come in the order in which the file has them; tokens
 * that are left out and values of zero leave no entry.
 */
export function translator(mapping: TokenMapping): TranslateRows {
  const { tokens: geneOf, vocabulary, scale } = mapping, isQuick = quickRows(mapping);
  const { symbols } = vocabulary, size = geneOf.length, counts = scale === "counts";
  // The row, counted over all calls, that named a gene last: of rows whose genes do not ascend.
  const last = new Float64Array(symbols.length).fill(-1);
  let uneven = 0;

  function twice(genes: Numbers, from: number, to: number): number | undefined {
    uneven++;
    for (let e = from; e < to; e++) {
      if (last[genes[e]] === uneven) return genes[e];
      last[genes[e]] = uneven;
    }
    return undefined;
  }
  return (lists, { from, to }) => {
    if (isQuick(lists, { from, to })) return undefined;
    const { offsets, others, genes, values } = lists;
    let read = offsets[from], entry = read;
    for (let row = from; row < to; row++) {
      const end = offsets[row + 1], first = entry;
      if (others[row + 1] !== end) {
        return { row, why: lengthsOf(end - read, others[row + 1] - read) };
      }
      let before = -1, ascend = true;
      for (; read < end; read++) {
        const token = genes[read], value = values[read];
        // An index that is no integer, or not from 0 on, finds nothing.
        const gene = token < size ? geneOf[token] : UNKNOWN;
        if (gene === LEFT_OUT) continue;
        if (!(gene >= 0)) return { row, why: tokenFault(token, size) };
        ascend &&= gene > before;
        before = gene;
        // A value of zero is kept until it is known whether its gene is named twice.
        const isGood = value >= 0 && value < 2 ** 32 && (!counts || value === Math.floor(value));
        if (!isGood) return { row, why: valueFault(symbols[gene], value, counts) };
        genes[entry] = gene;
        values[entry++] = value;
      }
      const gene = ascend ? undefined : twice(genes, first, entry);
      if (gene !== undefined) return { row, why: `it names gene "${symbols[gene]}" twice` };
      offsets[row + 1] = entry = withoutZeros(genes, values, { from: first, to: entry });
    }
    return undefined;
  };
}

/** Leaves entries of zero out, in place; returns where the others end. */
function withoutZeros(
  genes: Numbers,
  values: Float32Array,
  { from, to }: { readonly from: number; readonly to: number },
): number {
  let end = from;
  while (end < to && values[end] !== 0) end++;
  for (let e = end; e < to; e++) {
    if (values[e] === 0) continue;
    genes[end] = genes[e];
    values[end++] = values[e];
  }
  return end;
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
