/**
 * What a source must do when it draws cells: in blocks and windows, and with replacement.
 *
 * @module
 */

import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { selectCells } from "../../core/batch.ts";
import { keyOf } from "../../core/random.ts";
import type { Source } from "../../core/source.ts";
import { assertSame } from "../first_difference.ts";
import { key } from "./arbitraries.ts";
import { forAll, readAll } from "./read_all.ts";

/** Registers a test on a source that is opened for it. */
export type Law = (claim: string, check: (source: Source) => Promise<void>) => void;

/** Registers the laws on blocks and windows, on balanced columns and on weights. */
export function drawLaws(law: Law): void {
  law("mixes the cells of blocks and windows of any size", async (source) => {
    const stored = await readAll(source, { batch: source.cells, order: "stored" });
    // Windows of a few cells would load the same blocks over and over.
    const windows = fc.integer({ min: Math.ceil(source.cells / 16), max: source.cells + 1 });
    await forAll(
      [fc.integer({ min: 1, max: source.cells + 1 }), windows, key()],
      async (block, window, order) => {
        const request = { batch: 100, order, block, window };
        const drawn = await readAll(source, request);
        assertSame(drawn.cells.toSorted(), stored.cells);
        assertSame(drawn, selectCells(stored, drawn.cells));
      },
    );
  });

  law("balances a column by draws of the cells that have a category", async (source) => {
    const stored = await readAll(source, { batch: source.cells, order: "stored" });
    const columns = source.columns.filter(({ name }) => stored.obs[name].some((code) => code >= 0));
    await forAll([key(), fc.nat(), fc.nat()], async (order, column, start) => {
      if (columns.length === 0) return;
      const { name } = columns[column % columns.length];
      const request = { batch: 100, order, balance: name };
      const drawn = await readAll(source, request), from = start % drawn.cells.length;
      equal(drawn.cells.length, stored.obs[name].filter((code) => code >= 0).length);
      ok(drawn.obs[name].every((code) => code >= 0));
      assertSame(drawn, selectCells(stored, drawn.cells));
      const rest = [...drawn.cells.keys()].slice(from);
      assertSame(await readAll(source, { ...request, from }), selectCells(drawn, rest));
    });
  });

  law("draws cells that have a weight, as many as there are", async (source) => {
    const stored = await readAll(source, { batch: source.cells, order: "stored" });
    await forAll([key(), fc.nat(), fc.nat()], async (order, salt, start) => {
      const weigh = weights(salt), weighed = stored.cells.filter((cell) => weigh(cell) > 0).length;
      if (weighed === 0) return;
      const request = { batch: 100, order, weigh };
      const drawn = await readAll(source, request), count = drawn.cells.length;
      ok(count === weighed, `${count} cells come, but ${weighed} have a weight above 0`);
      ok(drawn.cells.every((cell) => weigh(cell) > 0), "a cell comes whose weight is 0");
      assertSame(drawn, selectCells(stored, drawn.cells));
      const from = start % count, rest = [...drawn.cells.keys()].slice(from);
      assertSame(await readAll(source, { ...request, from }), selectCells(drawn, rest));
    });
  });

  law("draws each cell in proportion to its weight", async (source) => {
    let draws = 0, heavy = 0, expected = 0, variance = 0;
    for (let seed = 0; seed < 8; seed++) {
      const weigh = weights(seed);
      const { cells } = await readAll(source, { batch: 100, order: keyOf(seed), weigh });
      let all = 0, large = 0;
      for (let cell = 0; cell < source.cells; cell++) {
        all += weigh(cell);
        if (weigh(cell) === HEAVY) large += HEAVY;
      }
      if (all === 0) continue;
      draws += cells.length;
      heavy += cells.filter((cell) => weigh(cell) === HEAVY).length;
      expected += cells.length * large / all;
      variance += cells.length * large / all * (1 - large / all);
    }
    // Cells of a block are drawn together, so that their number varies more than by lone draws.
    const spread = Math.sqrt(2 * variance), about = Math.round(expected);
    ok(
      Math.abs(heavy - expected) <= 5 * spread,
      `${heavy} of ${draws} draws are of cells with a large weight, not about ${about}`,
    );
  });
}

const HEAVY = 2;

/** Every third cell has no weight, the next a small one, the next a large one: so is every block. */
const weights = (salt: number) => (cell: number): number =>
  [0, HEAVY / 4, HEAVY][(cell + salt) % 3];
