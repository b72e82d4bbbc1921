import { Schema } from "effect";
import { type CellBatch, concatCells, selectCells } from "../../core/batch.ts";
import { permutation } from "../../core/permutation.ts";
import { replay, setting } from "../../core/plugin.ts";
import { Positive } from "../../core/quantities.ts";
import { derive, type Key } from "../../core/random.ts";
import type { Replay } from "../../core/replay.ts";
import { type SampleBounds, type UniformSample, uniformSample } from "../../core/uniform_sample.ts";

/**
 * Gene replay (Gene incremental learning, AAAI 2026, Eq. 9): a uniform sample of the cells of each
 * stage, kept sparse. The same cells are kept in whatever order, and however often, they are offered.
 */
export const reservoir = replay({
  id: "reservoir",
  purpose: "keeps a uniform sample of the cells of each stage",
  config: {
    cells: setting(Positive, 1000, "cells kept of each stage, at most"),
    bytes: setting(
      Schema.NullOr(Positive),
      null,
      "bytes of genes and values kept of each stage, at most; null for no such bound",
    ),
    mode: setting(
      Schema.Literals(["beside", "concat"]),
      "beside",
      '"beside": each step adds the loss of a remembered batch of each earlier stage; ' +
        '"concat": remembered cells join the new ones, each once an epoch',
    ),
  },
  make: ({ cells, bytes, mode }) => (key) =>
    remembering(key, mode, { cells, bytes: bytes ?? Infinity }),
});

function remembering(key: Key, mode: Replay["mode"], bounds: SampleBounds): Replay {
  const stages = new Map<number, UniformSample>();
  const keptOf = (stage: number) => stages.get(stage)?.kept() ?? [];

  function sampleOf(stage: number): UniformSample {
    const sample = stages.get(stage) ?? uniformSample(derive(key, "keep", stage), bounds);
    stages.set(stage, sample);
    return sample;
  }
  return {
    mode,
    remember: (stage, batch) => sampleOf(stage).offer(batch),
    size: (stage) => keptOf(stage).length,
    recall(stage, position, count) {
      const kept = keptOf(stage);
      if (kept.length === 0) {
        throw new RangeError(`Cannot recall cells of stage ${stage}: none is remembered`);
      }
      const cells = inRounds(kept, derive(key, "recall", stage), { position, count });
      return cells.length === 1 ? selectCells(cells[0], [0]) : concatCells(cells);
    },
    save: () =>
      [...stages].map(([stage, sample]) => ({
        stage,
        offered: sample.offered(),
        kept: concatCells(sample.kept()),
      })),
    restore(state) {
      stages.clear();
      for (const { stage, offered, kept } of state) sampleOf(stage).restore(offered, kept);
    },
  };
}

/** The cells at `position … position + count - 1` of shuffle after shuffle of all. */
function inRounds(
  cells: readonly CellBatch[],
  key: Key,
  { position, count }: { readonly position: number; readonly count: number },
): CellBatch[] {
  const found: CellBatch[] = [], size = cells.length;
  for (let next = position; next < position + count;) {
    const round = Math.floor(next / size), order = permutation(size, derive(key, round));
    const end = Math.min(position + count, (round + 1) * size);
    while (next < end) found.push(cells[order.at(next++ - round * size)]);
  }
  return found;
}
