/**
 * What holds of every replay.
 *
 * @module
 */

import { ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { type CellBatch, concatCells, selectCells } from "../../core/batch.ts";
import { type Key, keyOf } from "../../core/random.ts";
import type { Replay } from "../../core/replay.ts";
import { assertSame } from "../first_difference.ts";
import { cellBatch, key } from "./arbitraries.ts";

/** How much may be kept of each stage. */
export interface ReplayBounds {
  readonly cells: number;
  /** Bytes of genes and values; no bound unless given. */
  readonly bytes?: number;
}

/** One call of `remember`. */
interface Offer {
  readonly stage: number;
  readonly batch: CellBatch;
}

/**
 * Registers the laws of a replay as tests: what comes out once went in, with its stage; it keeps to
 * its bounds and keeps all while there is room; every cell is as likely to be kept as any other, also
 * across save and restore; neither batching nor other stages change what is kept; and what is
 * recalled comes in rounds.
 *
 * @param make Makes one with these bounds, as an experiment would; called anew for every check.
 */
export function replayLaws(
  name: string,
  make: (bounds: ReplayBounds) => (key: Key) => Replay,
): void {
  const law = (
    claim: string,
    check: (offers: readonly Offer[], replay: () => Replay) => void,
    bounds: ReplayBounds = { cells: 3, bytes: 100 },
  ) =>
    Deno.test(
      `${name} ${claim}`,
      () =>
        fc.assert(
          fc.property(offers(), key(), (offers, key) => check(offers, () => make(bounds)(key))),
        ),
    );

  law("gives back what a stage put in, and nothing else", (offers, replay) => {
    const memory = remembering(replay(), offers);
    for (const stage of stagesOf(offers)) {
      const offered = offeredTo(offers, stage);
      const known = new Map(Array.from(offered.cells, (cell, row) => [cell, row]));
      for (const cell of split(allOf(memory, stage))) {
        ok(known.has(cell.cells[0]), `stage ${stage} was never offered cell ${cell.cells[0]}`);
        assertSame(cell, selectCells(offered, [known.get(cell.cells[0])!]));
      }
    }
  });

  law("keeps no more cells and bytes of a stage than it may", (offers, replay) => {
    const memory = remembering(replay(), offers);
    for (const stage of stagesOf(offers)) {
      const { cells, genes, values } = allOf(memory, stage);
      ok(cells.length <= 3, `${cells.length} cells`);
      const bytes = genes.byteLength + values.byteLength;
      ok(bytes <= 100, `${bytes} bytes`);
    }
  });

  law("keeps every cell while there is room", (offers, replay) => {
    const memory = remembering(replay(), offers);
    for (const stage of stagesOf(offers)) {
      const offered = offeredTo(offers, stage).cells;
      assertSame(memory.size(stage), offered.length);
      assertSame(allOf(memory, stage).cells.toSorted(), offered.toSorted());
    }
  }, { cells: 100 });

  law("fills the cells that it may keep", (offers, replay) => {
    const memory = remembering(replay(), offers);
    for (const stage of stagesOf(offers)) {
      assertSame(memory.size(stage), Math.min(3, offeredTo(offers, stage).cells.length));
    }
  }, { cells: 3 });

  law("keeps the same cells however they are batched", (offers, replay) => {
    const joined = stagesOf(offers).map((stage) => ({ stage, batch: offeredTo(offers, stage) }));
    const apart = offers.flatMap(({ stage, batch }) =>
      split(batch).map((batch) => ({ stage, batch }))
    );
    const expected = remembering(replay(), offers).save();
    assertSame(byStage(remembering(replay(), joined).save()), byStage(expected));
    assertSame(byStage(remembering(replay(), apart).save()), byStage(expected));
  });

  law("keeps of a stage what it would keep without the others", (offers, replay) => {
    const memory = remembering(replay(), offers);
    for (const stage of stagesOf(offers)) {
      const alone = remembering(replay(), offers.filter((offer) => offer.stage === stage));
      assertSame(allOf(memory, stage), allOf(alone, stage));
    }
  });

  law("recalls every cell once in each round", (offers, replay) => {
    const memory = remembering(replay(), offers);
    for (const stage of stagesOf(offers)) {
      const size = memory.size(stage), first = allOf(memory, stage).cells.toSorted();
      assertSame(new Set(first).size, size);
      for (let round = 1; round < 4; round++) {
        if (size === 0) continue;
        assertSame(memory.recall(stage, round * size, size).cells.toSorted(), first);
      }
    }
  });

  law("recalls the same cells in any portions", (offers, replay) => {
    const memory = remembering(replay(), offers);
    for (const stage of stagesOf(offers)) {
      if (memory.size(stage) === 0) continue;
      const whole = memory.recall(stage, 2, 9);
      assertSame(
        concatCells([memory.recall(stage, 2, 4), memory.recall(stage, 6, 5)]),
        whole,
      );
      assertSame(memory.recall(stage, 2, 9), whole);
    }
  });

  law("keeps copies and lends none of them", (offers, replay) => {
    const lent = structuredClone(offers) as Offer[];
    const memory = remembering(replay(), lent);
    for (const { batch } of lent) spoil(batch);
    const expected = remembering(replay(), offers);
    for (const stage of stagesOf(offers)) {
      spoil(allOf(memory, stage));
      if (memory.size(stage) > 0) spoil(memory.recall(stage, 0, 1));
    }
    assertSame(memory.save(), expected.save());
  });

  Deno.test(`${name} goes on after save and restore as if nothing had happened`, () => {
    fc.assert(fc.property(offers(), key(), fc.nat(), (offers, key, place) => {
      const fresh = () => make({ cells: 6, bytes: 120 })(key);
      const cut = place % (offers.length + 1);
      const saved = structuredClone(remembering(fresh(), offers.slice(0, cut)).save());
      // Restored over other memories, which must be gone.
      const memory = remembering(fresh(), offers.slice(cut));
      memory.restore(saved);
      const expected = remembering(fresh(), offers);
      assertSame(remembering(memory, offers.slice(cut)).save(), expected.save());
      for (const stage of stagesOf(offers)) {
        assertSame(memory.size(stage), expected.size(stage));
        assertSame(allOf(memory, stage), allOf(expected, stage));
      }
    }));
  });

  Deno.test(`${name} remembers nothing of a stage that offered nothing`, () => {
    const memory = make({ cells: 3 })(keyOf(1));
    assertSame(memory.size(7), 0);
    throws(() => memory.recall(7, 0, 1), RangeError);
  });

  for (const restored of ["", ", also when saved and restored after each"]) {
    Deno.test(`${name} keeps any two of four cells as often as any other two${restored}`, () => {
      const cells = split(fourCells), runs = 3000, counts = new Map<string, number>();
      for (let run = 0; run < runs; run++) {
        let memory = make({ cells: 2 })(keyOf(run));
        for (const batch of cells) {
          memory.remember(1, batch);
          if (restored === "") continue;
          const saved = structuredClone(memory.save());
          memory = make({ cells: 2 })(keyOf(run));
          memory.restore(saved);
        }
        const pair = allOf(memory, 1).cells.toSorted().join();
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
      const chi = chiSquare([...counts.values()], runs / 6) + (6 - counts.size) * runs / 6;
      ok(
        chi < 25.74,
        `χ² is ${chi.toFixed(1)}, past its 0.9999 quantile with 5 degrees of freedom`,
      );
    });
  }
}

const fourCells: CellBatch = {
  cells: Uint32Array.of(10, 11, 12, 13),
  offsets: Uint32Array.of(0, 1, 2, 3, 4),
  genes: Uint32Array.of(0, 1, 2, 3),
  values: Float32Array.of(1, 2, 3, 4),
  obs: {},
};

/** Batches of up to four cells for stages 1 to 3; no cell comes twice. */
function offers(): fc.Arbitrary<readonly Offer[]> {
  return fc.record({
    cells: cellBatch({ genes: 7, maxCells: 24 }),
    cuts: fc.array(
      fc.record({ stage: fc.integer({ min: 1, max: 3 }), size: fc.integer({ min: 1, max: 4 }) }),
      { minLength: 24, maxLength: 24 },
    ),
  }).map(({ cells, cuts }) => {
    const found: Offer[] = [], count = cells.cells.length;
    for (let row = 0, i = 0; row < count; i++) {
      const rows = [...Array(count).keys()].slice(row, row + cuts[i].size);
      found.push({ stage: cuts[i].stage, batch: selectCells(cells, rows) });
      row += rows.length;
    }
    return found;
  });
}

function remembering(memory: Replay, offers: readonly Offer[]): Replay {
  for (const { stage, batch } of offers) memory.remember(stage, batch);
  return memory;
}

const stagesOf = (offers: readonly Offer[]) => [...new Set(offers.map(({ stage }) => stage))];

const offeredTo = (offers: readonly Offer[], stage: number) =>
  concatCells(offers.filter((offer) => offer.stage === stage).map(({ batch }) => batch));

/** Everything that is kept of a stage, in the order of the first round. */
const allOf = (memory: Replay, stage: number): CellBatch =>
  memory.size(stage) === 0 ? concatCells([]) : memory.recall(stage, 0, memory.size(stage));

const split = (batch: CellBatch) => Array.from(batch.cells, (_, row) => selectCells(batch, [row]));

const byStage = (state: ReturnType<Replay["save"]>) => state.toSorted((a, b) => a.stage - b.stage);

function spoil({ cells, genes, values, obs }: CellBatch): void {
  for (const array of [cells, genes, values, ...Object.values(obs)]) array.fill(77);
}

const chiSquare = (counts: readonly number[], expected: number) =>
  counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
