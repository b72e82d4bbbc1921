/**
 * Cells that end in padding: they are run as long as they are, and nobody can tell.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { deepEqual, ok, rejects } from "node:assert/strict";
import type { Architecture, Shape } from "../core/model/architecture.ts";
import { learningFeeds, lessonFeeds, shareOf, tokenFeeds } from "../core/model/feeds.ts";
import { learningProgram, predictingProgram } from "../core/model/objective.ts";
import { type Arrays, type Engine, layoutOf, type Program } from "../core/model/program.ts";
import { derive, keyOf, stream } from "../core/random.ts";
import { padId, type TokenBatch } from "../core/tokens.ts";
import { geneDistillation } from "../plugins/distillers/gene_distillation.ts";
import { lengthFor, lengthsIn } from "../plugins/engines/native/plan/shorter.ts";
import { sharedOut } from "../plugins/engines/native/plan/tasks.ts";
import { cpuEngine } from "../streams/engine/eager.ts";
import { difference, madeUpTokens } from "../streams/engine/rehearsal.ts";
import { assertSame } from "./first_difference.ts";
import { begin } from "./laws/asked.ts";
import { withNative } from "./native_opened.ts";
import { smallArchitectures } from "./small_architectures.ts";

const SHAPE: Shape = { genes: 40, length: 40 }, KEY = keyOf(7);
const architecture = smallArchitectures.transformer(SHAPE);
/** The same, run at full length. */
const slow: Architecture = { ...architecture, padding: "seen" };

/** Cells of so many positions, the others padding. */
function cellsOf(fills: readonly number[]): TokenBatch {
  const { length, genes } = SHAPE, tokens = madeUpTokens(SHAPE, 2 * fills.length, KEY);
  const rows = <A extends Uint8Array | Float32Array | Int32Array>(table: A, rest: number): A =>
    table.slice(0, fills.length * length).map((_, at) => {
      const cell = Math.floor(at / length), position = at % length;
      return position < fills[cell] ? table[2 * cell * length + position] : rest;
    }) as A;
  return {
    ...tokens,
    cells: Uint32Array.from(fills.keys()),
    genes: rows(tokens.genes, padId(genes)),
    input: rows(tokens.input, 0),
    target: rows(tokens.target, 0),
    padding: rows(tokens.padding, 1),
    masked: rows(tokens.masked, 0),
  };
}

/** What a lesson is fed: made-up answers of a teacher, which count at every second gene. */
function lessonOf(tokens: TokenBatch): Arrays {
  const size = tokens.genes.length, rows = { from: 0, cells: tokens.cells.length };
  const random = stream(derive(KEY, "teacher"));
  const normals = (count: number) => Float32Array.from({ length: count }, () => random.normal());
  const kept = shareOf(tokens.padding.map((padding, p) => 1 - padding & p % 2));
  const cells = normals(rows.cells * architecture.width);
  const taught = { mlm: normals(size), mvc: normals(size), cells, kept };
  return {
    ...learningFeeds(tokens, shareOf(tokens.masked), rows),
    ...lessonFeeds(taught, tokens, rows),
  };
}

/** What runs on several batches leave: outputs of each, and the gradients of all. */
async function ran(
  engine: Engine,
  program: (architecture: Architecture) => Program,
  { architecture, fed }: { readonly architecture: Architecture; readonly fed: readonly Arrays[] },
) {
  const state = await begin(engine, architecture, KEY),
    outputs: Record<string, Float32Array>[] = [];
  const compiled = await engine.compile(program(architecture), state.layout);
  for (const [i, feeds] of fed.entries()) {
    const found = await compiled.run(state, feeds, derive(KEY, "noise", i));
    outputs.push(Object.fromEntries(
      Object.entries(found).map(([name, values]) => [name, Float32Array.from(values)]),
    ));
  }
  const gradients = await state.read("gradients");
  compiled.close();
  state.close();
  return { outputs, gradients };
}

const fills = fc.integer({ min: 1, max: 9 }).chain((cells) => {
  const fill = fc.oneof(fc.constantFrom(0, 1, 16, 17, SHAPE.length), fc.nat(SHAPE.length));
  const batch = fc.array(fill, { minLength: cells, maxLength: cells });
  return fc.array(batch, { minLength: 1, maxLength: 3 });
});

await withNative((open) => {
  Deno.test("native() learns from cells of any length as at full length, dropout included", async () => {
    const property = fc.asyncProperty(fills, fc.integer({ min: 1, max: 4 }), async (batches, n) => {
      const engine = open(n), fed = batches.map((fills) => lessonOf(cellsOf(fills)));
      const shape = { cells: batches[0].length, length: SHAPE.length };
      const lesson = (one: Architecture) => learningProgram(one, shape, geneDistillation());
      const short = await ran(engine, lesson, { architecture, fed });
      const whole = await ran(engine, lesson, { architecture: slow, fed });
      const apart = difference(short.gradients, whole.gradients);
      ok(!(apart > 1e-5), `gradients differ by ${apart}`);
      short.outputs.forEach(({ loss }, i) => {
        const expected = whole.outputs[i].loss[0];
        ok(Math.abs(loss[0] - expected) <= 1e-5 * expected, `loss ${loss[0]} is not ${expected}`);
      });
      await engine.close();
    });
    const there = [40, 3, 17], elsewhere = [3, 33, 40];
    const andBack = [[there, elsewhere, there], 2] satisfies [number[][], number];
    await fc.assert(property, { numRuns: 20, examples: [andBack] });
  });

  Deno.test("native() learns from short cells what plain JavaScript learns", async () => {
    const oracle = cpuEngine(), engine = open(2), fills = [40, 3, 17, 16, 31, 1];
    const fed = [lessonOf(cellsOf(fills))], shape = { cells: fills.length, length: SHAPE.length };
    const lesson = (one: Architecture) => learningProgram(one, shape, geneDistillation());
    const expected = await ran(oracle, lesson, { architecture, fed });
    const actual = await ran(engine, lesson, { architecture, fed });
    const apart = difference(actual.gradients, expected.gradients);
    ok(apart <= 1e-5, `gradients differ by ${apart}`);
    await engine.close();
    await oracle.close();
  });

  Deno.test("native() predicts the values of short cells as at full length, and 0 behind them", async () => {
    const property = fc.asyncProperty(fills, async (batches) => {
      const engine = open(2), cells = batches[0].length, tokens = batches.map(cellsOf);
      const fed = tokens.map((each) => tokenFeeds(each, { from: 0, cells }));
      const shape = { cells, length: SHAPE.length };
      const program = (one: Architecture) => predictingProgram(one, shape);
      const short = await ran(engine, program, { architecture, fed });
      const whole = await ran(engine, program, { architecture: slow, fed });
      short.outputs.forEach((said, i) => {
        for (const name of ["mlm", "mvc", "cells"]) {
          const expected = whole.outputs[i][name].map((value, at) => {
            if (name === "cells") return value;
            const cell = Math.floor(at / SHAPE.length), fill = batches[i][cell];
            return fill === 0 || at % SHAPE.length < lengthFor(fill, SHAPE.length) ? value : 0;
          });
          const apart = difference(said[name], expected);
          ok(apart <= 1e-5, `${name} of batch ${i} differs by ${apart}`);
        }
      });
      await engine.close();
    });
    await fc.assert(property, { numRuns: 20 });
  });

  Deno.test("native() gives the same bits again for cells of several lengths", async () => {
    const fills = [3, 40, 17, 16, 40, 1, 33, 9, 28, 31, 12, 39, 2],
      fed = [lessonOf(cellsOf(fills))];
    const shape = { cells: fills.length, length: SHAPE.length };
    const trained = async () => {
      const engine = open(3);
      const lesson = (one: Architecture) => learningProgram(one, shape, geneDistillation());
      const found = await ran(engine, lesson, { architecture, fed });
      await engine.close();
      return found;
    };
    assertSame(await trained(), await trained());
  });

  Deno.test("native() runs each cell by the constants of its own length", async () => {
    const program = (cells: number, length: number): Program => ({
      name: `told ${cells} ${length}`,
      purpose: "infer",
      padding: "padding",
      inputs: { padding: { shape: [cells, length], dtype: "float32" } },
      apply: (_, { padding }) => ({ lengths: tf.add(tf.mul(padding, 0.5), length) }),
    });
    const engine = open(2), state = engine.allocate(layoutOf([]), "inference");
    const whole = { ...program(4, 40), each: (length = 40) => program(1, length) };
    const compiled = await engine.compile(whole, state.layout), padding = new Float32Array(160);
    [40, 5, 17, 16].forEach((fill, cell) => padding.fill(1, 40 * cell + fill, 40 * cell + 40));
    const { lengths } = await compiled.run(state, { padding }, KEY);
    deepEqual([0, 40, 80, 120].map((at) => lengths[at]), [40, 8, 24, 16]);
    deepEqual([39, 56, 103, 159].map((at) => lengths[at]), [40, 0, 24.5, 0]);
    await engine.close();
  });

  Deno.test("native() refuses a program that is another one at another length", async () => {
    const program = (length: number): Program => ({
      name: `turned ${length}`,
      purpose: "infer",
      padding: "padding",
      inputs: { padding: { shape: [1, length], dtype: "float32" } },
      apply: ({ weight }, { padding }) => ({ table: tf.matMul(weight, padding) }),
    });
    const engine = open(1), layout = layoutOf([{ name: "weight", shape: [2, 1] }]);
    const state = engine.allocate(layout, "inference");
    const whole = { ...program(40), each: (length = 40) => program(length) };
    const compiled = await engine.compile(whole, layout);
    const padding = new Float32Array(40);
    deepEqual((await compiled.run(state, { padding }, KEY)).table, new Float32Array(80));
    padding.fill(1, 10);
    await rejects(() => compiled.run(state, { padding }, KEY), {
      message: /Cannot plan program "turned 40" for 16 positions: it is another program then/,
    });
    await engine.close();
  });
});

Deno.test("sharedOut() gives every cell to one chain, and no chain much more than another", () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 60 });
  const among = fc.record({
    chains: fc.integer({ min: 1, max: 9 }),
    round: fc.integer({ min: 1, max: 40 }),
  });
  fc.assert(fc.property(lengths, among, (given, { chains, round }) => {
    const all = Uint32Array.from(given), shared = sharedOut(all, { chains, round });
    assertSame(shared.cells.toSorted(), Uint32Array.from(given.keys()));
    for (let from = 0; from < given.length; from += round) {
      const loads = new Array<number>(chains).fill(0);
      const end = Math.min(from + round, given.length);
      for (let i = from; i < end; i++) loads[shared.chains[i]] += given[shared.cells[i]];
      const most = Math.max(...loads), longest = given[shared.cells[from]];
      ok(most - Math.min(...loads) <= longest, `${loads}, of cells up to ${longest}`);
    }
  }));
});

Deno.test("lengthFor() holds every cell, at few lengths, with little to spare", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 5000 }), (positions) => {
    const found = new Set<number>();
    for (let used = 1; used <= positions; used++) {
      const length = lengthFor(used, positions);
      ok(length >= used && length <= positions);
      ok(length - used < Math.max(16, positions / 10), `${length} positions for ${used}`);
      found.add(length);
    }
    ok(found.size <= 24 && found.size === lengthsIn(positions), `${found.size} lengths`);
  }));
  assertSame([1, 16, 17, 49].map((used) => lengthFor(used, 49)), [8, 16, 24, 49]);
});
