import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import type { Architecture } from "../core/model/architecture.ts";
import { shareOf } from "../core/model/feeds.ts";
import { learningProgram, predictingProgram } from "../core/model/objective.ts";
import { type Arrays, layoutOf, type Program } from "../core/model/program.ts";
import { keyOf } from "../core/random.ts";
import { fromReference, toReference } from "../core/model/reference_weights.ts";
import { decodeTensors, type StoredTensor } from "../core/model/safetensors.ts";
import { SPECIAL_TOKENS } from "../core/tokens.ts";
import { transformer } from "../plugins/architectures/transformer.ts";
import { cpuEngine } from "../streams/engine/eager.ts";
import { assertClose } from "./first_difference.ts";
import { golden } from "./golden.ts";

const folder = new URL("../../shared/fixtures/models/", import.meta.url);
const ignore = !existsSync(folder);
const absent = ignore ? " (ignored: no shared fixtures)" : "";

/** Largest difference allowed, as a share of the largest number of the tensor. */
const RELATIVE = 1e-5;

interface Case {
  readonly loss: number;
  readonly loss_mlm: number;
  readonly loss_mvc: number;
  readonly adam_loss_trajectory: readonly number[];
}

interface Fixture {
  readonly arrays: ReadonlyMap<string, StoredTensor>;
  readonly cases: Readonly<Record<string, Case>>;
  /** Builds the fixture's architecture. */
  readonly build: (pooling: "cls" | "mean") => Architecture;
  /** Cells and positions of the inputs named `in.…`. */
  readonly shape: { readonly cells: number; readonly length: number };
}

function open(name: string): Fixture {
  const { [name]: { config, cases } } = JSON.parse(
    readFileSync(new URL("models.json", folder), "utf8"),
  );
  const file = `${name}.safetensors`;
  const arrays = decodeTensors(readFileSync(new URL(file, folder)), file).tensors;
  const shape = { cells: config.batch, length: config.sequence_length_with_cls };
  const build = (pooling: "cls" | "mean") =>
    transformer({
      layers: config.nlayers,
      width: config.embsize,
      heads: config.nheads,
      embedding: config.gene_table_width,
      dropout: config.dropout,
      pooling,
    })({ genes: config.n_genes, length: shape.length });
  return { arrays, cases, build, shape };
}

/** The arrays whose names begin with `prefix`, without it. */
const within = (arrays: Fixture["arrays"], prefix: string) =>
  new Map(
    [...arrays].filter(([name]) => name.startsWith(prefix))
      .map(([name, array]) => [name.slice(prefix.length), array]),
  );

const values = (arrays: Fixture["arrays"], name: string) => arrays.get(name)!.values;

function feeds({ arrays }: Fixture, prefix = ""): Arrays {
  const tokens = {
    genes: values(arrays, `${prefix}in.src`) as Int32Array,
    input: values(arrays, `${prefix}in.values`) as Float32Array,
    padding: Float32Array.from(values(arrays, `${prefix}in.pad_mask`) as Uint8Array),
  };
  if (prefix !== "") return tokens;
  const share = shareOf(values(arrays, "in.mask") as Uint8Array);
  return { ...tokens, target: values(arrays, "in.target") as Float32Array, share };
}

/** Runs the program with the fixture's weights and hands over what it left behind. */
async function run(fixture: Fixture, architecture: Architecture, program: Program, fed: Arrays) {
  const engine = cpuEngine(), layout = layoutOf(architecture.weights);
  const state = engine.allocate(layout, "training");
  await state.write("weights", fromReference(within(fixture.arrays, "w."), layout, "fixture"));
  const compiled = await engine.compile(program, layout);
  const outputs = await compiled.run(state, fed, keyOf(0));
  const rest = { beta1: 0.9, beta2: 0.999, rate: 5e-4 };
  return {
    outputs,
    gradients: async () => toReference(await state.read("gradients"), layout),
    weights: async () => toReference(await state.read("weights"), layout),
    again: async (step: number) => {
      await engine.optimise(state, { ...rest, step });
      return await compiled.run(state, fed, keyOf(0));
    },
    close: () => engine.close(),
  };
}

/** Compares with what the fixture names `prefix…`; differences count against the largest number. */
function assertLike(
  actual: Readonly<Record<string, ArrayLike<number>>>,
  fixture: Fixture,
  prefix: string,
) {
  const stored = within(fixture.arrays, prefix);
  assert.ok(stored.size > 0, `the fixture holds nothing named ${prefix}`);
  for (const [name, expected] of stored) {
    const numbers = Array.from(expected.values as Float32Array);
    const largest = numbers.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const found = { [prefix + name]: Array.from(actual[name]) };
    assertClose(found, { [prefix + name]: numbers }, { absolute: RELATIVE * largest });
  }
}

const named = ({ mlm, mvc, cells }: Arrays) => ({
  mlm_output: mlm,
  mvc_output: mvc,
  cell_emb: cells,
} as Record<string, Float32Array>);

const arraysOf = (tensors: Fixture["arrays"]) =>
  Object.fromEntries([...tensors].map(([name, { values }]) => [name, values as Float32Array]));

const cases = [
  ["transformer", "cls", "cls"],
  ["transformer", "avg", "mean"],
  ["transformer_d256", "cls", "cls"],
] as const;

for (const [name, kind, pooling] of cases) {
  Deno.test({
    name: `transformer() predicts what the reference predicts: ${name}, ${kind}${absent}`,
    ignore,
    fn: async () => {
      const fixture = open(name), architecture = fixture.build(pooling);
      const { genes, input, padding } = feeds(fixture);
      const program = predictingProgram(architecture, fixture.shape);
      const ran = await run(fixture, architecture, program, { genes, input, padding });
      assertLike(named(ran.outputs), fixture, `${kind}.out.`);
      await ran.close();
    },
  });

  Deno.test({
    name: `learningProgram() has the reference's losses and gradients: ${name}, ${kind}${absent}`,
    ignore,
    fn: async () => {
      const fixture = open(name), architecture = fixture.build(pooling);
      const program = learningProgram(architecture, fixture.shape);
      const ran = await run(fixture, architecture, program, feeds(fixture));
      const { loss, loss_mlm, loss_mvc } = fixture.cases[kind];
      assertClose(
        ["loss", "mlm", "mvc", "distil"].map((output) => ran.outputs[output][0]),
        [loss, loss_mlm, loss_mvc, 0],
        { relative: RELATIVE },
      );
      assertLike(arraysOf(await ran.gradients()), fixture, `${kind}.grad.`);
      await ran.close();
    },
  });

  Deno.test({
    name:
      `learningProgram() goes the reference's way for ten steps of Adam: ${name}, ${kind}${absent}`,
    ignore,
    fn: async () => {
      const fixture = open(name), architecture = fixture.build(pooling);
      const program = learningProgram(architecture, fixture.shape);
      const ran = await run(fixture, architecture, program, feeds(fixture));
      const gradients = arraysOf(await ran.gradients());
      const losses = [ran.outputs.loss[0], (await ran.again(1)).loss[0]];
      const weights = arraysOf(await ran.weights());
      for (const [weight, { values }] of within(fixture.arrays, `${kind}.adam1.`)) {
        for (let i = 0; i < values.length; i++) {
          // Smaller gradients are rounding noise, which Adam's first step blows up to its full rate.
          if (Math.abs(gradients[weight][i]) <= 1e-6) continue;
          const found = { [weight]: { [i]: weights[weight][i] } };
          assertClose(found, { [weight]: { [i]: values[i] } }, { absolute: 1e-7, relative: 1e-6 });
        }
      }
      for (let step = 2; step < 10; step++) losses.push((await ran.again(step)).loss[0]);
      assertClose(losses, [...fixture.cases[kind].adam_loss_trajectory], { relative: 1e-4 });
      await ran.close();
    },
  });
}

Deno.test({
  name: "transformer() reads values above the maximum, and a cell with one gene, as the reference",
  ignore,
  fn: async () => {
    const fixture = open("transformer"), architecture = fixture.build("cls");
    const program = predictingProgram(architecture, { ...fixture.shape, cells: 2 });
    const ran = await run(fixture, architecture, program, feeds(fixture, "probe."));
    assertLike(named(ran.outputs), fixture, "probe.out.");
    await ran.close();
  },
});

interface Counts {
  readonly vocabulary: number;
  readonly rows: readonly {
    readonly model_structure: string;
    readonly layers: number;
    readonly d: number;
    readonly heads: number;
    readonly length: number;
    readonly parameters: Readonly<Record<string, number>>;
  }[];
}

golden<Counts>(
  "transformer() has as many parameters as the reference at every published size",
  "counts/parameters_and_macs.json",
  ({ vocabulary, rows }) => {
    const published = rows.filter((row) => row.model_structure === "transformer");
    assert.ok(published.length > 0);
    for (const { layers, d, heads, length, parameters } of published) {
      const build = transformer({ layers, width: d, heads });
      const genes = vocabulary - SPECIAL_TOKENS;
      const { slots, size } = layoutOf(build({ genes, length }).weights);
      const count = (part: string) =>
        slots.filter(({ name }) => name.startsWith(`${part}.`)).reduce(
          (n, { size }) => n + size,
          0,
        );
      const { total, layer_norm, encoder_plus_value_encoder, ...parts } = parameters;
      for (const part in parts) assert.equal(count(part), parts[part], part);
      // What the papers call the model's parameters: 2,440,960 for 6 layers of width 256.
      assert.equal(count("encoder") + count("value_encoder"), encoder_plus_value_encoder);
      assert.equal(size, total - layer_norm, "all but the norm that the reference never uses");
    }
  },
);
