/**
 * Threads that lose their processor now and then: sums must not tell.
 *
 * @module
 */

import { availableParallelism } from "node:os";
import { learningFeeds, shareOf } from "../core/model/feeds.ts";
import { learningProgram } from "../core/model/objective.ts";
import { derive, keyOf } from "../core/random.ts";
import { madeUpTokens } from "../streams/engine/rehearsal.ts";
import { assertSame } from "./first_difference.ts";
import { begin } from "./laws/asked.ts";
import { withNative } from "./native_opened.ts";
import { smallArchitectures } from "./small_architectures.ts";

const KEY = keyOf(5), SHAPE = { genes: 40, length: 40 }, CELLS = 33;

/** Burns a processor in bursts of up to two milliseconds, for as long as it lives. */
const BURNER = `data:text/javascript,
  setInterval(() => {
    for (const end = performance.now() + 2 * Math.random(); performance.now() < end;);
  }, 1);
`;

/** Runs `work` while others use the processors too. */
async function disturbed(work: () => Promise<void>): Promise<void> {
  const others = Array.from(
    { length: availableParallelism() },
    () => new Worker(BURNER, { type: "module" }),
  );
  try {
    await work();
  } finally {
    for (const other of others) other.terminate();
  }
}

await withNative((open) => {
  for (const threads of [2, 5]) {
    Deno.test(`native() gives the same bits whoever delays its ${threads} threads`, () =>
      disturbed(async () => {
        const engine = open(threads), architecture = smallArchitectures.transformer(SHAPE);
        const state = await begin(engine, architecture, KEY), { layout } = state;
        const cells = { cells: CELLS, length: SHAPE.length };
        const compiled = await engine.compile(learningProgram(architecture, cells), layout);
        const tokens = madeUpTokens(SHAPE, CELLS, KEY), zeros = new Float32Array(layout.size);
        const feeds = learningFeeds(tokens, shareOf(tokens.masked), { from: 0, cells: CELLS });
        const learned = async () => {
          await state.write("gradients", zeros);
          const { loss } = await compiled.run(state, feeds, derive(KEY, "noise"));
          return { loss: loss[0], gradients: await state.read("gradients") };
        };
        const first = await learned();
        for (let again = 0; again < 200; again++) assertSame(await learned(), first);
        await engine.close();
      }));
  }
});
