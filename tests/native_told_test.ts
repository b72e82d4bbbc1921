/**
 * What the kernels are told once holds until it changes: back and forth between states.
 *
 * @module
 */

import { ok } from "node:assert/strict";
import { layoutOf } from "../core/model/program.ts";
import { assertSame } from "./first_difference.ts";
import { withNative } from "./native_opened.ts";

await withNative((open) => {
  Deno.test("native() moves the weights that it is asked to move", async () => {
    const engine = open(2), layout = layoutOf([{ name: "weight", shape: [3] }]);
    const states = [1, 2].map(() => engine.allocate(layout, "training"));
    const adam = { rate: 0.1, step: 1, beta1: 0.9, beta2: 0.999 };
    for (const [i, state] of [...states, ...states].entries()) {
      const others = states.filter((other) => other !== state);
      const before = await Promise.all(others.map((other) => other.read("weights")));
      const own = await state.read("weights");
      await state.write("gradients", new Float32Array(3).fill(1));
      await engine.optimise(state, adam);
      ok((await state.read("weights")).every((weight, w) => weight < own[w]), `step ${i}`);
      assertSame(await Promise.all(others.map((other) => other.read("weights"))), before);
    }
    await engine.close();
  });
});
