/**
 * What holds of every architecture.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import type { Architecture, Shape } from "../../core/model/architecture.ts";
import { learningFeeds, shareOf, tokenFeeds } from "../../core/model/feeds.ts";
import { learningProgram } from "../../core/model/objective.ts";
import { at, type Engine } from "../../core/model/program.ts";
import { derive, type Key, keyOf, stream } from "../../core/random.ts";
import type { TokenBatch } from "../../core/tokens.ts";
import { cpuEngine } from "../../streams/engine/eager.ts";
import { assertClose, assertSame } from "../first_difference.ts";
import { key, tokenBatch } from "./arbitraries.ts";
import { begin, firstWeights, predict, type Said } from "./asked.ts";
import { assertMovesAlone, gradientIn } from "./learned.ts";
import { assertSlope } from "./slope.ts";
import { lengthened, picked, reordered, scribbled, shuffled } from "./token_moves.ts";
import { factorsOf, weighing } from "./weighing.ts";

/** What an architecture claims, and what it shall run on. */
export interface ArchitectureOptions {
  /** Whether the order of positions changes more than the order of predictions; "ignored" unless given. */
  readonly order?: "ignored" | "seen";
  /**
   * Weights that get no gradient of `mvc` though they influence it, because queries are detached;
   * those of the shell's genes unless given.
   */
  readonly detached?: readonly string[];
  /** Positions in a row, the cell token included; 6 unless given. */
  readonly length?: number;
  /** Opens the engine; plain TensorFlow.js unless given. */
  readonly openEngine?: () => Promise<Engine>;
}

const GENES = 8, CELLS = 3;
const NEAR = { relative: 1e-4, absolute: 1e-5 };

/**
 * Registers the laws of an architecture as tests: a key names the first weights, padding and the
 * order of positions change nothing where it says so, cells are treated alone, the gradient is that
 * of the loss, running statistics alone are moved, and no tensor is left behind.
 *
 * @param make Makes a small one, of a thousand weights or so, for the shape.
 */
export function architectureLaws(
  name: string,
  make: (shape: Shape) => Architecture,
  options: ArchitectureOptions = {},
): void {
  const { order = "ignored", length = 6 } = options;
  const { detached = ["embedding.weight", "emb_trans.weight", "emb_trans.bias"] } = options;
  const { openEngine = () => Promise.resolve(cpuEngine()) } = options;
  const batches = tokenBatch({ genes: GENES, maxCells: CELLS, length });
  const architecture = make({ genes: GENES, length });
  const { mlm = "own", padding = "seen" } = architecture;

  /** Registers a property of batches, checked on one engine that is closed at the end. */
  const law = (
    claim: string,
    check: (tokens: TokenBatch, key: Key, engine: Engine) => Promise<void>,
    parameters: fc.Parameters<[TokenBatch, Key]> = { numRuns: 8 },
  ) =>
    Deno.test(`${name} ${claim}`, async () => {
      const engine = await openEngine();
      try {
        const property = fc.asyncProperty(batches, key(), (tokens, key) =>
          check(tokens, key, engine));
        await fc.assert(property, parameters);
      } finally {
        await engine.close();
      }
    });

  Deno.test(`${name} begins with the weights that a key names`, () => {
    const [one, same, other] = [1, 1, 2].map((seed) => firstWeights(architecture, keyOf(seed)));
    assertSame(one, same);
    ok(one.some((weight, i) => weight !== other[i]), "another key gives the same weights");
    one.forEach((weight, i) => ok(Number.isFinite(weight), `weight ${i} is ${weight}`));
  });

  Deno.test(`${name} names its weights, none twice`, () => {
    const names = architecture.weights.map(({ name }) => name);
    equal(new Set(names).size, names.length);
  });

  law("predicts a finite number at every position and an embedding of every cell", async (
    tokens,
    key,
    engine,
  ) => {
    const said = await predict(engine, { architecture, tokens, key });
    const rows = tokens.cells.length;
    for (const [output, values] of Object.entries(said)) {
      equal(values.length, rows * (output === "cells" ? architecture.width : length), output);
      values.forEach((value, i) => ok(Number.isFinite(value), `${output}[${i}] is ${value}`));
    }
  });

  if (padding === "ignored") {
    law("pays no heed to what stands at padding", async (tokens, key, engine) => {
      const [said, changed] = await Promise.all(
        [tokens, scribbled(tokens, GENES, key)].map((tokens) =>
          predict(engine, { architecture, tokens, key })
        ),
      );
      assertClose(unpadded(changed, tokens), unpadded(said, tokens), NEAR);
    });

    law("says the same with more padding", async (tokens, key, engine) => {
      const said = await predict(engine, { architecture, tokens, key });
      const longer = lengthened(tokens, length + 3, GENES);
      const wide = make({ genes: GENES, length: longer.length });
      const more = await predict(engine, { architecture: wide, tokens: longer, key });
      assertClose(unpadded(more, longer), unpadded(said, tokens), NEAR);
    });

    law("learns the same without the padding at the end", async (tokens, key, engine) => {
      const longer = lengthened(tokens, length + 3, GENES), cells = tokens.cells.length;
      const wide = make({ genes: GENES, length: longer.length });
      const [whole, cut] = await Promise.all(
        [longer, tokens].map((tokens) =>
          gradientIn(cells, engine, { architecture: wide, tokens, key })
        ),
      );
      assertClose(cut, whole, NEAR);
    });
  }

  if (order === "ignored") {
    law("gives each gene the same prediction in any order, and the cell the same embedding", async (
      tokens,
      key,
      engine,
    ) => {
      const moves = shuffled(tokens, derive(key, "order"));
      const said = await predict(engine, { architecture, tokens, key });
      const moved = await predict(engine, { architecture, tokens: reordered(tokens, moves), key });
      const expected = { ...said, mlm: picked(said.mlm, moves), mvc: picked(said.mvc, moves) };
      assertClose(unpadded(moved, tokens), unpadded(expected, tokens), NEAR);
    });
  }

  if (mlm === "repeated") {
    law("repeats what the cell embedding tells", async (tokens, key, engine) => {
      const said = await predict(engine, { architecture, tokens, key });
      assertSame(said.mlm, said.mvc);
    });
  }

  // Cells that influence each other do so while the model learns, never when it is asked.
  law("predicts each cell alone", async (tokens, key, engine) => {
    const together = await predict(engine, { architecture, tokens, key });
    for (let row = 0; row < tokens.cells.length; row++) {
      const feeds = tokenFeeds(tokens, { from: row, cells: 1 });
      const alone = await predict(engine, { architecture, tokens, key, feeds, cells: 1 });
      for (const output in together) {
        const width = together[output].length / tokens.cells.length;
        const own = together[output].subarray(row * width, (row + 1) * width);
        assertClose({ [output]: alone[output] }, { [output]: own }, NEAR);
      }
    }
  });

  if (architecture.mixes === "cell") {
    law("learns from each cell alone", async (tokens, key, engine) => {
      const asked = { architecture, tokens, key };
      const whole = await gradientIn(tokens.cells.length, engine, asked);
      assertClose(await gradientIn(1, engine, asked), whole, NEAR);
    });
  }

  law(
    "moves its running statistics when it learns, and nothing else",
    (tokens, key, engine) => assertMovesAlone(engine, { architecture, tokens, key }),
  );

  const differentiable = mlm === "own"
    ? [["mlm", "cells"], ["mvc"]] as const
    : [["cells"], ["mvc"]] as const;
  for (const outputs of differentiable) {
    law(`has the gradient of ${outputs.join(" and ")} that finite differences find`, async (
      tokens,
      key,
      engine,
    ) => {
      // Rows of padding get no gradient even where they are seen.
      const shown = padding === "seen" ? filled(tokens, key) : tokens;
      const shape = { cells: tokens.cells.length, length };
      const program = weighing(architecture, shape, outputs);
      const state = await begin(engine, architecture, key), { layout } = state;
      const compiled = await engine.compile(program, layout);
      const feeds = {
        ...tokenFeeds(shown, { from: 0, cells: shape.cells }),
        ...factorsOf(program, shown, key),
      };
      // The same key, the same dropout: the loss is a function of the weights alone.
      const loss = async () => (await compiled.run(state, feeds, key)).loss[0];
      const here = await loss(), gradients = await state.read("gradients");
      const start = await state.read("weights"), weights = start.slice();

      for (const slot of layout.slots) {
        if (outputs[0] === "mvc" && detached.includes(slot.name)) continue;
        const own = at(weights, slot), origin = at(start, slot), gradient = at(gradients, slot);
        const direction = directionOf(slot.size, derive(key, "direction", slot.name));
        const lossAt = async (step: number) => {
          for (let i = 0; i < own.length; i++) own[i] = origin[i] + step * direction[i];
          await state.write("weights", weights);
          return await loss();
        };
        const around = { step: STEP, here, below: await lossAt(-STEP), above: await lossAt(STEP) };
        own.set(origin);
        const terms = gradient.map((g, i) => g * direction[i]);
        const slope = terms.reduce((a, b) => a + b, 0);
        assertSlope(slot.name, { slope, size: Math.hypot(...terms) }, around);
      }
      compiled.close();
      state.close();
    }, { numRuns: 2, endOnFailure: true });
  }

  law("leaves no tensor behind", async (tokens, key, engine) => {
    const shape = { cells: tokens.cells.length, length };
    const state = await begin(engine, architecture, key);
    const feeds = learningFeeds(tokens, shareOf(tokens.masked), { from: 0, cells: shape.cells });
    const before = tf.memory().numTensors;
    const compiled = await engine.compile(learningProgram(architecture, shape), state.layout);
    await compiled.run(state, feeds, key);
    await predict(engine, { architecture, tokens, key });
    equal(tf.memory().numTensors, before);
    compiled.close();
    state.close();
  });
}

/** How far the weights are moved: small against kinks, large against float32. */
const STEP = 2e-4;

/** Moves all weights by as much in total whatever their number, so that losses change alike. */
function directionOf(size: number, key: Key): Float32Array {
  const random = stream(key), scale = Math.sqrt(4 / Math.max(4, size));
  return Float32Array.from({ length: size }, () => random.normal() * scale);
}

/** The batch with genes wherever padding stood. */
const filled = (tokens: TokenBatch, key: Key): TokenBatch => ({
  ...scribbled(tokens, GENES, key),
  padding: new Uint8Array(tokens.padding.length),
});

/** Embeddings, and predictions at the positions of genes, cell by cell. */
function unpadded({ mlm, mvc, cells }: Said, { padding }: TokenBatch) {
  const shown = (values: Float32Array) => values.filter((_, p) => padding[p] === 0);
  return { mlm: shown(mlm), mvc: shown(mvc), cells };
}
