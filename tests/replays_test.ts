import { throws } from "node:assert/strict";
import { keyOf } from "../core/random.ts";
import { concatCells, selectCells } from "../core/batch.ts";
import { permutation } from "../core/permutation.ts";
import { reservoir } from "../plugins/replays/reservoir.ts";
import { assertSame } from "./first_difference.ts";
import { replayLaws } from "./laws/replay_laws.ts";

replayLaws("reservoir()", ({ cells, bytes }) => reservoir({ cells, bytes: bytes ?? null }));

/** Cells 0 … n - 1, each with `genes` genes of value 1. */
const cellsOf = (n: number, genes: number) => ({
  cells: Uint32Array.from({ length: n }, (_, cell) => cell),
  offsets: Uint32Array.from({ length: n + 1 }, (_, cell) => cell * genes),
  genes: Uint32Array.from({ length: n * genes }, (_, entry) => entry % genes),
  values: new Float32Array(n * genes).fill(1),
  obs: {},
});

Deno.test("reservoir() keeps the same cells in whatever order and however often they come", () => {
  const cells = cellsOf(300, 2), order = permutation(300, keyOf(5));
  const shuffled = selectCells(cells, Array.from({ length: 300 }, (_, i) => order.at(i)));
  const once = reservoir({ cells: 20 })(keyOf(1)), often = reservoir({ cells: 20 })(keyOf(1));
  once.remember(1, cells);
  for (let i = 0; i < 3; i++) often.remember(1, shuffled);
  assertSame(often.save()[0].kept, once.save()[0].kept);
});

Deno.test("reservoir() keeps other cells for another key and another stage", () => {
  const keptBy = (seed: number, stage: number) => {
    const memory = reservoir({ cells: 20 })(keyOf(seed));
    memory.remember(stage, cellsOf(300, 1));
    return memory.save()[0].kept.cells.toSorted().join();
  };
  assertSame(new Set([keptBy(1, 1), keptBy(1, 2), keptBy(2, 1)]).size, 3);
});

Deno.test("reservoir() holds five cells of two genes in 80 bytes", () => {
  const memory = reservoir({ bytes: 80 })(keyOf(1));
  memory.remember(1, cellsOf(300, 2));
  assertSame(memory.size(1), 5); // 2 genes × (4 bytes of gene + 4 bytes of value) = 16 bytes a cell
});

Deno.test("reservoir() passes over a cell that no bound in bytes could hold", () => {
  const memory = reservoir({ bytes: 80 })(keyOf(1));
  const wide = { ...cellsOf(1, 11), cells: Uint32Array.of(999) };
  memory.remember(1, concatCells([wide, cellsOf(4, 2)]));
  assertSame(memory.save()[0].kept.cells.toSorted(), Uint32Array.of(0, 1, 2, 3));
});

Deno.test("reservoir() refuses bounds that hold nothing", () => {
  throws(() => reservoir({ cells: 0 }));
  throws(() => reservoir({ bytes: -1 }));
});
