/**
 * Looks at the data sets of the gene sets once, before anything is decided.
 *
 * @module
 */

import { lastValueFrom, of, scan } from "rxjs";
import type { CellBatch } from "../../core/batch.ts";
import { filled } from "../filled.ts";
import { paced } from "../paced.ts";
import { type DataSet, type Run, transformed } from "../run.ts";

/** What one reading of a data set tells. */
export interface Tally {
  readonly cells: number;
  /** Sum of each gene's transformed values over the cells. */
  readonly sums: Float64Array;
  /** Cells of each class. */
  readonly classes: Uint32Array;
}

const BATCH = 1024;

/** Reads a data set once and adds up its genes and classes. */
export function tally(
  { source, where, label, classes }: DataSet,
  transforms: Pick<Run, "transforms">,
): Promise<Tally> {
  const sums = new Float64Array(source.vocabulary.symbols.length);
  const counts = new Uint32Array(classes.length);
  const columns = label === null ? [] : [label];

  function add(cells: number, batch: CellBatch): number {
    for (let e = 0; e < batch.values.length; e++) sums[batch.genes[e]] += batch.values[e];
    if (label !== null) { for (const code of batch.obs[label]) if (code >= 0) counts[code]++; }
    return cells + batch.cells.length;
  }
  const cells = paced(
    filled(source.read({ batch: BATCH, order: "stored", where, columns })),
    (batch) => of(batch).pipe(transformed(transforms)),
  ).pipe(scan(add, 0));
  return lastValueFrom(cells, { defaultValue: 0 }).then((cells) => ({
    cells,
    sums,
    classes: counts,
  }));
}
