/**
 * The reference's models at small sizes: weights, inputs, outputs, losses and gradients.
 *
 * @module
 */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import type { Architecture } from "../core/model/architecture.ts";
import { shareOf } from "../core/model/feeds.ts";
import { type Arrays, type Engine, layoutOf, type Program } from "../core/model/program.ts";
import { fromReference, toReference } from "../core/model/reference_weights.ts";
import { decodeTensors, type StoredTensor } from "../core/model/safetensors.ts";
import { keyOf } from "../core/random.ts";
import { assertClose } from "./first_difference.ts";

const folder = new URL("../../shared/fixtures/models/", import.meta.url);

/** Whether the models are not at hand, and what the names of tests say then. */
export const ignore = !existsSync(folder);
export const absent = ignore ? " (ignored: no shared fixtures)" : "";

/** What the reference made of one mode of a model. */
export interface Case {
  readonly loss: number;
  readonly loss_mlm: number;
  readonly loss_mvc: number;
  readonly adam_loss_trajectory: readonly number[];
  readonly grad_norms: Readonly<Record<string, number>>;
  readonly params_with_zero_gradient_in_exact_arithmetic: readonly string[];
}

/** The sizes of a model, by the reference's names. */
export interface Config {
  readonly model_structure: string;
  readonly nlayers: number;
  readonly embsize: number;
  readonly nheads: number;
  readonly n_genes: number;
}

/** One model of the reference. */
export interface Fixture {
  readonly arrays: ReadonlyMap<string, StoredTensor>;
  readonly cases: Readonly<Record<string, Case>>;
  readonly config: Config;
  /** Cells and positions of the inputs named `in.…`. */
  readonly shape: { readonly cells: number; readonly length: number };
}

/** Reads the model of that name. */
export function openFixture(name: string): Fixture {
  const { [name]: { config, cases } } = JSON.parse(
    readFileSync(new URL("models.json", folder), "utf8"),
  );
  const file = `${name}.safetensors`;
  const arrays = decodeTensors(readFileSync(new URL(file, folder)), file).tensors;
  const shape = { cells: config.batch, length: config.sequence_length_with_cls };
  return { arrays, cases, config, shape };
}

/** The arrays whose names begin with `prefix`, without it. */
export const within = (arrays: Fixture["arrays"], prefix: string) =>
  new Map(
    [...arrays].filter(([name]) => name.startsWith(prefix))
      .map(([name, array]) => [name.slice(prefix.length), array]),
  );

const values = (arrays: Fixture["arrays"], name: string) => arrays.get(name)!.values;

/** What a learning program is fed; with a prefix, only what a predicting program is. */
export function feedsOf({ arrays }: Fixture, prefix = ""): Arrays {
  const tokens = {
    genes: values(arrays, `${prefix}in.src`) as Int32Array,
    input: values(arrays, `${prefix}in.values`) as Float32Array,
    padding: Float32Array.from(values(arrays, `${prefix}in.pad_mask`) as Uint8Array),
  };
  if (prefix !== "") return tokens;
  const share = shareOf(values(arrays, "in.mask") as Uint8Array);
  return { ...tokens, target: values(arrays, "in.target") as Float32Array, share };
}

/** The same without what only learning takes. */
export function tokensOf(fixture: Fixture, prefix = ""): Arrays {
  const { genes, input, padding } = feedsOf(fixture, prefix);
  return { genes, input, padding };
}

/** What is run. */
export interface Run {
  readonly fixture: Fixture;
  readonly architecture: Architecture;
  readonly program: Program;
  readonly feeds: Arrays;
}

/** What a run left behind. */
export interface Ran {
  readonly outputs: Arrays;
  /** By the reference's names. */
  gradients(): Promise<Named>;
  /** By the reference's names. */
  weights(): Promise<Named>;
  /** An optimiser step and the next run. */
  again(step: number): Promise<Arrays>;
}

/** Numbers by name. */
export type Named = Readonly<Record<string, Float32Array>>;

/** Runs a program with the fixture's weights. */
export async function runFixture(engine: Engine, run: Run): Promise<Ran> {
  const { fixture, architecture, program, feeds } = run, layout = layoutOf(architecture.weights);
  const state = engine.allocate(layout, "training");
  await state.write("weights", fromReference(within(fixture.arrays, "w."), layout, "fixture"));
  const compiled = await engine.compile(program, layout);
  const once = async () =>
    Object.fromEntries(
      Object.entries(await compiled.run(state, feeds, keyOf(0)))
        .map(([name, values]) => [name, values.slice()]),
    );
  const named = async (buffer: "weights" | "gradients"): Promise<Named> =>
    Object.fromEntries(
      [...toReference(await state.read(buffer), layout)]
        .map(([name, { values }]) => [name, values as Float32Array]),
    );
  return {
    outputs: await once(),
    gradients: () => named("gradients"),
    weights: () => named("weights"),
    again: async (step) => {
      await engine.optimise(state, { beta1: 0.9, beta2: 0.999, rate: 5e-4, step });
      return await once();
    },
  };
}

/** Predictions by the fixture's names. */
export const named = ({ mlm, mvc, cells }: Arrays): Named => ({
  mlm_output: mlm as Float32Array,
  mvc_output: mvc as Float32Array,
  cell_emb: cells as Float32Array,
});

/**
 * Compares with what the fixture names `prefix…`; differences count against the largest number.
 *
 * @param share Largest difference allowed, as a share of the largest number of the tensor.
 * @param left Names to pass over.
 */
export function assertLike(
  actual: Named,
  fixture: Fixture,
  { prefix, share, left = [] }: {
    readonly prefix: string;
    readonly share: number;
    readonly left?: readonly string[];
  },
): void {
  const stored = within(fixture.arrays, prefix);
  assert.ok(stored.size > 0, `the fixture holds nothing named ${prefix}`);
  for (const [name, expected] of stored) {
    if (left.includes(name)) continue;
    const numbers = Array.from(expected.values as Float32Array);
    const largest = numbers.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const found = { [prefix + name]: Array.from(actual[name]) };
    assertClose(found, { [prefix + name]: numbers }, { absolute: share * largest });
  }
}
