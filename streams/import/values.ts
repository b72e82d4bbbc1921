/**
 * What the values of a file are, checked before they are believed.
 *
 * @module
 */

import { InputError } from "../../core/errors.ts";
import type { CountMatrix, NumberColumn, Rows, Values } from "./count_matrix.ts";
import type { ImportOptions } from "./import_options.ts";
import type { GeneRows } from "./merge_rows.ts";

/** The values of a batch as the atlas keeps them; throws an `InputError` at the first that is amiss. */
export type Interpret = (rows: Rows) => Values;

/** Above this, 32-bit floats do not hold every whole number. */
const LARGEST_COUNT = 2 ** 24;

/** Above this, e to the value is more than any normalisation gives: these are counts. */
const LARGEST_LOG = 30;

/** How far a recovered count may be from a whole number: 32-bit logarithms cause a tenth of it. */
const APART = 0.01;

/** How far, as a share, a column of totals may be from the totals that were normalised with. */
const TOTAL_APART = 0.05;

/** Chooses the reading of the values that the options ask for. */
export function interpretation(matrix: CountMatrix, options: ImportOptions): Interpret {
  if (options.values === "counts") {
    return (rows) => checked(matrix, rows, { fault: firstNoCount(rows.values), why: notACount });
  }
  if (options.values === "log1p") return (rows) => checkedLogs(matrix, rows);
  const totals = totalsOf(matrix, options.totals);
  return (rows) => recovered(matrix, rows, totals, options.scale);
}

/** The values, unless the entry `fault` is at fault; -1 is none. */
function checked(
  matrix: CountMatrix,
  rows: Rows,
  { fault, why }: {
    readonly fault: number;
    readonly why: (value: number, matrix: CountMatrix) => string;
  },
): Values {
  if (fault >= 0) throw amiss(matrix, rows, fault, why(rows.values[fault], matrix));
  return rows.values;
}

const checkedLogs = (matrix: CountMatrix, rows: Rows): Values =>
  checked(matrix, rows, { fault: firstNoLog(rows.values), why: notALog });

/** The first entry that is no count; -1 where there is none. */
function firstNoCount(values: Values): number {
  for (let entry = 0; entry < values.length; entry++) {
    const value = values[entry];
    if (!(value >= 0 && value <= LARGEST_COUNT && value === Math.trunc(value))) return entry;
  }
  return -1;
}

/** The first entry that is no log1p of a normalised count; -1 where there is none. */
function firstNoLog(values: Values): number {
  for (let entry = 0; entry < values.length; entry++) {
    const value = values[entry];
    if (!(value >= 0 && value <= LARGEST_LOG)) return entry;
  }
  return -1;
}

function notACount(value: number, matrix: CountMatrix): string {
  const instead = otherMatrix(matrix);
  if (!Number.isFinite(value)) return `which is not a number; ${instead}`;
  if (value < 0) return `which is negative, so no count; ${instead}`;
  if (value > LARGEST_COUNT) return `which is too large for a count; ${instead}`;
  if (value > LARGEST_LOG) return `which is no count; ${instead}`;
  const totals = numericColumns(matrix).filter((name) => /umi|count|depth|library/i.test(name));
  return `which is not whole, so no count; --values log1p keeps log-normalised values, --values recover --totals ${
    totals[0] ?? "<column>"
  } turns them back into counts, or else ${instead}`;
}

function notALog(value: number, matrix: CountMatrix): string {
  const instead = otherMatrix(matrix);
  if (!Number.isFinite(value)) return `which is not a number; ${instead}`;
  if (value < 0) return `which is negative, so no log1p of a count; ${instead}`;
  return "which is too large for log1p of a normalised count; import counts with --values counts";
}

function otherMatrix({ others }: CountMatrix): string {
  return others.length === 0
    ? "import a file with the raw counts"
    : `read another matrix with --matrix: ${others.join(", ")}`;
}

function totalsOf(matrix: CountMatrix, name: string | undefined): NumberColumn {
  const column = matrix.obs.find((column) => column.name === name);
  if (column !== undefined && "numbers" in column) return column;
  const known = numericColumns(matrix);
  const has = known.length > 0 ? `its columns of numbers are ${known.join(", ")}` : "it has none";
  throw new InputError({
    message: name === undefined
      ? `Cannot recover the counts of "${matrix.path}": --totals must name the column of each cell's total; ${has}`
      : `Cannot recover the counts of "${matrix.path}": "${name}" is no column of numbers; ${has}`,
  });
}

const numericColumns = (matrix: CountMatrix): string[] =>
  matrix.obs.filter((column) => "numbers" in column).map(({ name }) => name);

/**
 * The counts c of values log1p(c / total · scale).
 *
 * A column of totals may count genes that the matrix has lost, so it only says how many counts the
 * smallest value of a cell stands for; what one count is follows from that value itself.
 */
function recovered(
  matrix: CountMatrix,
  rows: Rows,
  totals: NumberColumn,
  scale: number,
): Float64Array {
  const { first, offsets } = rows, cells = offsets.length - 1;
  const values = checkedLogs(matrix, rows);
  const total = totals.numbers(first, first + cells);
  const counts = new Float64Array(values.length);
  for (let cell = 0; cell < cells; cell++) {
    const perCount = scale / total[cell];
    let smallest = Infinity;
    for (let e = offsets[cell]; e < offsets[cell + 1]; e++) {
      if (values[e] > 0 && values[e] < smallest) smallest = values[e];
    }
    const lowest = Math.expm1(smallest), multiple = Math.max(1, Math.round(lowest / perCount));
    const one = lowest / multiple;
    for (let e = offsets[cell]; e < offsets[cell + 1]; e++) {
      const exact = Math.expm1(values[e]) / one;
      counts[e] = Math.round(exact);
      if (
        Math.abs(exact - counts[e]) <= APART && Math.abs(one / perCount - 1) <= TOTAL_APART ||
        values[e] === 0
      ) continue;
      const about = (Math.expm1(values[e]) / perCount).toPrecision(6);
      throw amiss(
        matrix,
        rows,
        e,
        `which gives the count ${about} with the total ${
          total[cell]
        } of "${totals.name}" and the scale ${scale}; these are not what it was normalised with`,
      );
    }
  }
  return counts;
}

function amiss(matrix: CountMatrix, rows: Rows, entry: number, why: string): InputError {
  const gene = matrix.symbols[rows.columns[entry]], value = rows.values[entry];
  return new InputError({
    message: `Cannot import "${matrix.path}": gene "${gene}" of cell ${
      cellOf(rows, entry)
    } has the value ${value}, ${why}`,
  });
}

/** Row of the cell that an entry of a batch belongs to. */
function cellOf({ first, offsets }: Pick<Rows, "first" | "offsets">, entry: number): number {
  let cell = 0;
  while (offsets[cell + 1] <= entry) cell++;
  return first + cell;
}

/**
 * Throws an `InputError` at the first count that is too large once the columns of a gene are added up,
 * or once it is recovered.
 */
export function checkCounts(
  { path }: CountMatrix,
  rows: GeneRows & Pick<Rows, "first">,
  symbols: readonly string[],
): void {
  const { genes, values } = rows;
  for (let entry = 0; entry < values.length; entry++) {
    if (values[entry] <= LARGEST_COUNT) continue;
    throw new InputError({
      message: `Cannot import "${path}": gene "${symbols[genes[entry]]}" of cell ${
        cellOf(rows, entry)
      } has the count ${
        values[entry]
      }, which is too large; where several columns have the gene, --duplicates first keeps the first`,
    });
  }
}
