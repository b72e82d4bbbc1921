/**
 * What a replay memory remembers as named arrays on disk, and back.
 *
 * `stage` and `offered` have one number for each stage; `0/cells`, `0/offsets`, `0/genes`,
 * `0/values` and `0/obs/<column>` are the cells kept of the first of them, `1/cells` … of the next.
 *
 * @module
 */

import type { CellBatch } from "../../core/batch.ts";
import { InputError } from "../../core/errors.ts";
import type { StoredTensor } from "../../core/model/safetensors.ts";
import type { ReplayState } from "../../core/replay.ts";

/** The arrays of what is remembered, as copies. */
export function nameMemory(memory: ReplayState): Map<string, StoredTensor> {
  const numbers = (of: (entry: ReplayState[number]) => number) =>
    list(BigInt64Array.from(memory, (entry) => BigInt(of(entry))));
  return new Map([
    ["stage", numbers(({ stage }) => stage)],
    ["offered", numbers(({ offered }) => offered)],
    ...memory.flatMap(({ kept: { cells, offsets, genes, values, obs } }, i) => [
      ...Object.entries({ cells, offsets, genes, values })
        .map(([name, values]) => [`${i}/${name}`, list(values.slice())] as const),
      ...Object.entries(obs).map(([name, codes]) =>
        [`${i}/obs/${name}`, list(codes.slice())] as const
      ),
    ]),
  ]);
}

/**
 * What is remembered, from the arrays that `nameMemory` gave.
 *
 * @param genes Genes of the vocabulary: no cell has one beyond.
 * @throws InputError when the arrays are not those of batches of cells.
 */
export function recallMemory(
  tensors: ReadonlyMap<string, StoredTensor>,
  genes: number,
): ReplayState {
  const stages = integers(tensors, "stage"), offered = integers(tensors, "offered");
  if (stages.length !== offered.length) throw refuse("offered", "it has another length");
  return stages.map((stage, i) => ({
    stage,
    offered: offered[i],
    kept: recallCells(tensors, i, genes),
  }));
}

function recallCells(
  tensors: ReadonlyMap<string, StoredTensor>,
  place: number,
  vocabulary: number,
): CellBatch {
  const own = (name: string) => `${place}/${name}`;
  const cells = arrayOf(tensors, own("cells"), Uint32Array);
  const offsets = arrayOf(tensors, own("offsets"), Uint32Array);
  const genes = arrayOf(tensors, own("genes"), Uint32Array);
  const values = arrayOf(tensors, own("values"), Float32Array);
  const columns = [...tensors.keys()].filter((name) => name.startsWith(own("obs/")));
  const obs = Object.fromEntries(
    columns.map((name) => [name.slice(own("obs/").length), arrayOf(tensors, name, Int32Array)]),
  );

  if (offsets.length !== cells.length + 1 || offsets[0] !== 0 || offsets.at(-1) !== genes.length) {
    throw refuse(own("offsets"), "it does not divide the entries among the cells");
  }
  if (offsets.some((offset, i) => i > 0 && offset < offsets[i - 1])) {
    throw refuse(own("offsets"), "it goes back");
  }
  if (genes.some((gene) => gene >= vocabulary)) {
    throw refuse(own("genes"), `it names a gene beyond the ${vocabulary} of the vocabulary`);
  }
  if (values.length !== genes.length) throw refuse(own("values"), "it has another length");
  for (const [name, codes] of Object.entries(obs)) {
    if (codes.length !== cells.length) throw refuse(own(`obs/${name}`), "it has another length");
  }
  return { cells, offsets, genes, values, obs };
}

const list = (values: StoredTensor["values"]): StoredTensor => ({ shape: [values.length], values });

const integers = (tensors: ReadonlyMap<string, StoredTensor>, name: string): number[] =>
  Array.from(arrayOf(tensors, name, BigInt64Array), Number);

function arrayOf<A extends StoredTensor["values"]>(
  tensors: ReadonlyMap<string, StoredTensor>,
  name: string,
  type: { new (length: number): A; readonly name: string },
): A {
  const values = tensors.get(name)?.values;
  if (values instanceof type) return values;
  throw refuse(name, values ? `it is no ${type.name}` : "it is missing");
}

const refuse = (name: string, why: string) =>
  new InputError({ message: `Cannot read remembered "${name}": ${why}` });
