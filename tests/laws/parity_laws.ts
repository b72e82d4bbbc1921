/**
 * What engines must agree on.
 *
 * @module
 */

import { ok } from "node:assert/strict";
import type { Architecture, Shape } from "../../core/model/architecture.ts";
import type { Engine } from "../../core/model/program.ts";
import { keyOf } from "../../core/random.ts";
import { cpuEngine } from "../../streams/engine/eager.ts";
import { difference, rehearse } from "../../streams/engine/rehearsal.ts";

/** How engines are compared. */
export interface ParityOptions {
  /** Architectures by name, small ones. */
  readonly architectures: Readonly<Record<string, (shape: Shape) => Architecture>>;
  /**
   * Largest difference of all gradients of a step, as a share of their size; 1e-4 unless given. Of
   * losses a tenth of it.
   */
  readonly bound?: number;
}

const SHAPE: Shape = { genes: 60, length: 12 }, CELLS = 3, STEPS = 5;

/**
 * Registers the law that the engine of `open` computes what plain JavaScript does: losses and all
 * gradients of five steps of Adam, dropout included, for each architecture. Weights part slowly, so
 * that later steps may differ more than the first.
 */
export function parityLaws(
  name: string,
  open: () => Promise<Engine>,
  { architectures, bound = 1e-4 }: ParityOptions,
): void {
  for (const [architecture, build] of Object.entries(architectures)) {
    Deno.test(`${name}() trains ${architecture} as plain JavaScript does`, async () => {
      const part = { architecture: build(SHAPE), shape: SHAPE, cells: CELLS, key: keyOf(4) };
      const oracle = cpuEngine(), engine = await open();
      try {
        const expected = await rehearse(oracle, part, STEPS);
        const actual = await rehearse(engine, part, STEPS);
        for (let step = 0; step < STEPS; step++) {
          const apart = difference(actual.gradients[step], expected.gradients[step]);
          ok(apart <= bound, `gradients of step ${step + 1} differ by ${apart}`);
          const loss = Math.abs(actual.losses[step] / expected.losses[step] - 1);
          ok(loss <= bound / 10, `loss of step ${step + 1} differs by ${loss}`);
        }
      } finally {
        await engine.close();
        await oracle.close();
      }
    });
  }
}
