import fc from "fast-check";
import { lastValueFrom, of, toArray } from "rxjs";
import { type CellBatch, selectCells } from "../core/batch.ts";
import { keyOf } from "../core/random.ts";
import type { Replay } from "../core/replay.ts";
import { reservoir } from "../plugins/replays/reservoir.ts";
import type { Course } from "../streams/course.ts";
import { replayed } from "../streams/replayed.ts";
import { assertSame } from "./first_difference.ts";

/** Cells `from … from + n - 1`, each with gene 0. */
const cellsFrom = (from: number, n: number): CellBatch => ({
  cells: Uint32Array.from({ length: n }, (_, i) => from + i),
  offsets: Uint32Array.from({ length: n + 1 }, (_, i) => i),
  genes: new Uint32Array(n),
  values: new Float32Array(n).fill(1),
  obs: {},
});

/** A memory of so many cells of stage 1, then of stage 2: 1000, 1001, … and 2000, 2001, …. */
function memoryOf(mode: Replay["mode"], sizes: readonly number[]): Replay {
  const memory = reservoir({ mode })(keyOf(1));
  sizes.forEach((size, i) => memory.remember(i + 1, cellsFrom(1000 * (i + 1), size)));
  return memory;
}

/** The batches of every step of a course of stage 3, whose own cells are 0, 1, …. */
function steps(memory: Replay, { epochs, perEpoch }: { epochs: number; perEpoch: number }) {
  const batch = 4,
    course: Course = {
      stage: { index: 3, name: "T3", from: 0, to: 0 },
      cells: batch * perEpoch,
      keep: () => true,
      view: { from: 0, to: 0 },
      genes: new Uint8Array(1),
      epochs,
      steps: epochs * perEpoch,
    };
  return Promise.all(Array.from({ length: course.steps }, (_, step) => {
    const cells = cellsFrom(batch * (step % perEpoch), batch);
    const batches = of(cells).pipe(replayed(memory, course, { step, batch }), toArray());
    return lastValueFrom(batches);
  }));
}

/** Sizes of two memories; a reciprocal of 49 steps does not come back to 1. */
const plans = fc.record({
  sizes: fc.tuple(fc.nat(40), fc.nat(40)),
  epochs: fc.integer({ min: 1, max: 3 }),
  perEpoch: fc.oneof(fc.constant(49), fc.integer({ min: 1, max: 60 })),
});

Deno.test('replayed() with "concat" shows every remembered cell once an epoch, behind the new ones', () =>
  fc.assert(
    fc.asyncProperty(plans, async ({ sizes, epochs, perEpoch }) => {
      const shown = await steps(memoryOf("concat", sizes), { epochs, perEpoch });
      const known = sizes.flatMap((size, i) =>
        Array.from({ length: size }, (_, cell) => 1000 * (i + 1) + cell)
      );
      for (let epoch = 0; epoch < epochs; epoch++) {
        const own = shown.slice(epoch * perEpoch, (epoch + 1) * perEpoch);
        assertSame(own.map(({ length }) => length), own.map(() => 1));
        const news = own.map(([batch]) => selectCells(batch, [0, 1, 2, 3]).cells);
        assertSame(news, own.map((_, step) => cellsFrom(4 * step, 4).cells));
        const old = own.flatMap(([{ cells }]) => [...cells.subarray(4)]);
        assertSame(old.sort((a, b) => a - b), known);
      }
    }),
    { numRuns: 30 },
  ));

Deno.test('replayed() with "beside" gives each earlier stage a batch, of all there are where they are few', () =>
  fc.assert(
    fc.asyncProperty(plans, async ({ sizes, epochs, perEpoch }) => {
      const shown = await steps(memoryOf("beside", sizes), { epochs, perEpoch });
      const stages = [1, 2].filter((stage) => sizes[stage - 1] > 0);
      for (const [, ...old] of shown) {
        assertSame(
          old.map(({ cells }) => cells.length),
          stages.map((k) => Math.min(4, sizes[k - 1])),
        );
        old.forEach(({ cells }, i) =>
          assertSame(
            [...cells].map((cell) => Math.floor(cell / 1000)),
            [...cells].map(() => stages[i]),
          )
        );
      }
    }),
    { numRuns: 30 },
  ));
