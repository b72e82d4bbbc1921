/**
 * What the values of a file are, checked before they are believed.
 *
 * @module
 */

import { InputError } from "../../core/errors.ts";
import type { CountMatrix, NumberColumn, Rows } from "./count_matrix.ts";
import type { ImportOptions } from "./import_options.ts";

/** The values of a batch as the atlas keeps them; throws an `InputError` at the first that is amiss. */
export type Interpret = (rows: Rows) => Float64Array;

/** Above this, 32-bit floats do not hold every whole number. */
const LARGEST_COUNT = 2 ** 24;

/** How far a recovered count may be from a whole number: what 32-bit logarithms can cause. */
const TOLERANCE = { absolute: 0.02, relative: 1e-5 };

/** Chooses the reading of the values that the options ask for. */
export function interpretation(matrix: CountMatrix, options: ImportOptions): Interpret {
  if (options.values === "counts") return (rows) => checked(matrix, rows, notACount);
  if (options.values === "log1p") return (rows) => checked(matrix, rows, notALog);
  const totals = totalsOf(matrix, options.totals);
  return (rows) => recovered(matrix, rows, totals, options.scale);
}

function checked(matrix: CountMatrix, rows: Rows, fault: (value: number) => string): Float64Array {
  const { values } = rows;
  for (let entry = 0; entry < values.length; entry++) {
    const value = values[entry];
    if (value >= 0 && value <= LARGEST_COUNT && value === Math.trunc(value)) continue;
    const why = fault(value);
    if (why !== "") throw amiss(matrix, rows, entry, `${why}; ${wayOut(matrix, value)}`);
  }
  return values;
}

function notACount(value: number): string {
  if (!Number.isFinite(value)) return "which is not a number";
  if (value < 0) return "which is negative, not a count";
  if (value !== Math.trunc(value)) return "which is not whole, so no count";
  return "which is too large for a count";
}

function notALog(value: number): string {
  if (!Number.isFinite(value)) return "which is not a number";
  return value < 0 ? "which is negative, not log1p of anything counted" : "";
}

/** What would work instead. */
function wayOut(matrix: CountMatrix, value: number): string {
  const ways: string[] = [];
  if (value > 0 && value < 20) {
    const totals = numericColumns(matrix).filter((name) => /tot|umi|count|size|depth/i.test(name));
    ways.push(
      "--values log1p keeps log-normalised values",
      `--values recover --totals ${totals[0] ?? "<column>"} turns them back into counts`,
    );
  }
  if (matrix.others.length > 0) ways.push(`--matrix reads another of ${matrix.others.join(", ")}`);
  return ways.length > 0 ? ways.join(", ") : "import the raw counts instead";
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

/** The counts c of values log1p(c / total · scale). */
function recovered(
  matrix: CountMatrix,
  rows: Rows,
  totals: NumberColumn,
  scale: number,
): Float64Array {
  const { first, offsets, values } = rows, cells = offsets.length - 1;
  checked(matrix, rows, notALog);
  const total = totals.numbers(first, first + cells);
  const counts = new Float64Array(values.length);
  for (let cell = 0; cell < cells; cell++) {
    for (let entry = offsets[cell]; entry < offsets[cell + 1]; entry++) {
      const exact = Math.expm1(values[entry]) / scale * total[cell], count = Math.round(exact);
      const apart = Math.abs(exact - count);
      if (
        !(apart <= TOLERANCE.absolute + TOLERANCE.relative * count) ||
        (count === 0 && values[entry] > 0)
      ) {
        throw amiss(
          matrix,
          rows,
          entry,
          `which gives the count ${exact.toPrecision(6)} with the total ${
            total[cell]
          } of "${totals.name}" and the scale ${scale}; these are not the totals and scale it was normalised with`,
        );
      }
      counts[entry] = count;
    }
  }
  return counts;
}

function amiss(matrix: CountMatrix, rows: Rows, entry: number, why: string): InputError {
  let cell = 0;
  while (rows.offsets[cell + 1] <= entry) cell++;
  const gene = matrix.symbols[rows.columns[entry]], value = rows.values[entry];
  return new InputError({
    message: `Cannot import "${matrix.path}": gene "${gene}" of cell ${
      rows.first + cell
    } has the value ${Number(value.toPrecision(6))}, ${why}`,
  });
}
