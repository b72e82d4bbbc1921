import assert from "node:assert/strict";
import process from "node:process";
import type { Architecture, Shape, TokenTensors } from "../core/model/architecture.ts";
import { learningProgram, predictingProgram } from "../core/model/objective.ts";
import { type Engine, layoutOf, type Noise, type Program } from "../core/model/program.ts";
import { SPECIAL_TOKENS } from "../core/tokens.ts";
import { cnn } from "../plugins/architectures/cnn.ts";
import { mamba } from "../plugins/architectures/mamba.ts";
import { mlp } from "../plugins/architectures/mlp.ts";
import { mlpOurs } from "../plugins/architectures/mlp_ours.ts";
import { transformer } from "../plugins/architectures/transformer.ts";
import { openEngine } from "../plugins/engines/onnx/engine.ts";
import { openRuntime } from "../plugins/engines/onnx/runtime.ts";
import { tensorflow } from "../plugins/engines/tensorflow.ts";
import { webgpu } from "../plugins/engines/webgpu.ts";
import { cpuEngine } from "../streams/engine/eager.ts";
import { assertClose } from "./first_difference.ts";
import { golden } from "./golden.ts";
import {
  absent,
  assertLike,
  feedsOf,
  type Fixture,
  ignore,
  named,
  openFixture,
  runFixture,
  tokensOf,
  within,
} from "./golden_models.ts";
import { adapter } from "./graphics.ts";
import { opened } from "./opened.ts";

/** Largest difference allowed, as a share of the largest number of the tensor. */
const SHARE = 1e-5;

/** The sizes of a model. */
interface Sizes {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
}

type Make = (sizes: Sizes, mode?: string) => (shape: Shape) => Architecture;

/** Architectures by the reference's names of them, without dropout. */
const models: Readonly<Record<string, Make>> = {
  transformer: (sizes, mode) =>
    transformer({ ...sizes, dropout: 0, pooling: mode === "avg" ? "mean" : "cls" }),
  linear_base: ({ layers, width }) => mlp({ layers, width }),
  linear_ours: ({ layers, width }) => mlpOurs({ layers, width }),
  cnn_base: ({ layers, width }) => cnn({ layers, width, dropout: 0 }),
  cnn_ours: ({ layers, width }) => cnn({ layers, width, dropout: 0, order: "vocabulary" }),
  mamba: ({ layers, width }) => mamba({ layers, width }),
};

/** Fixtures and modes; "train" uses the statistics of the batch, the others those that are kept. */
const cases = [
  ["transformer", "cls"],
  ["transformer", "avg"],
  ["transformer_d256", "cls"],
  ["linear_base", "avg"],
  ["mamba", "avg"],
  ["linear_ours", "eval"],
  ["linear_ours", "train"],
  ["cnn_base", "eval"],
  ["cnn_base", "train"],
  ["cnn_ours", "eval"],
  ["cnn_ours", "train"],
] as const;

/** Those that are here, and how many steps of Adam each can make in a moment. */
const engines: Readonly<Record<string, { open: () => Promise<Engine>; steps: number }>> = {
  cpu: { open: () => Promise.resolve(cpuEngine()), steps: 2 },
  onnx: { open: () => openEngine(openRuntime(1), 1), steps: 10 },
  ...(process.env.GIL_TENSORFLOW
    ? { tensorflow: { open: () => opened(tensorflow({ threads: 2 })), steps: 10 } }
    : {}),
  ...(adapter ? { webgpu: { open: () => opened(webgpu()), steps: 2 } } : {}),
};

function build(fixture: Fixture, mode: string): Architecture {
  const { model_structure, nlayers, embsize, nheads, n_genes } = fixture.config;
  const sizes = { layers: nlayers, width: embsize, heads: nheads };
  return models[model_structure](sizes, mode)({ genes: n_genes, length: fixture.shape.length });
}

/** The program as a mode runs it, without dropout. */
function inMode(program: Program, mode: string): Program {
  const noise: Noise = { training: mode === "train", keep: () => undefined };
  const { each: _, ...whole } = program;
  return { ...whole, apply: (weights, inputs) => program.apply(weights, inputs, noise) };
}

/** What the architecture says, and what becomes of its running statistics. */
const saying = (architecture: Architecture, fixture: Fixture): Program => ({
  ...predictingProgram(architecture, fixture.shape),
  apply(weights, inputs, noise) {
    const { next = {}, ...said } = architecture.predict(
      weights,
      inputs as unknown as TokenTensors,
      noise,
    );
    const moved = Object.entries(next).map(([name, value]) => [`moved:${name}`, value]);
    return { ...said, ...Object.fromEntries(moved) };
  },
});

for (const [engineName, { open, steps: quick }] of Object.entries(engines)) {
  for (const [model, mode] of cases) {
    const test = (claim: string, check: (engine: Engine) => Promise<void>) =>
      Deno.test({
        name: `${model} (${mode}) ${claim} on ${engineName}${absent}`,
        ignore,
        fn: async () => {
          const engine = await open();
          await check(engine);
          await engine.close();
        },
      });

    test("says what the reference says", async (engine) => {
      const fixture = openFixture(model), architecture = build(fixture, mode);
      const program = inMode(saying(architecture, fixture), mode), feeds = tokensOf(fixture);
      const { outputs } = await runFixture(engine, { fixture, architecture, program, feeds });
      assertLike(named(outputs), fixture, { prefix: `${mode}.out.`, share: SHARE });
      if (mode !== "train") return;
      const moved = Object.fromEntries(
        Object.entries(outputs).map(([name, values]) => [
          name.replace("moved:", ""),
          values as Float32Array,
        ]),
      );
      assertLike(moved, fixture, { prefix: "train.buf1.", share: SHARE });
    });

    test("has the reference's losses and gradients", async (engine) => {
      const fixture = openFixture(model), architecture = build(fixture, mode);
      const program = inMode(learningProgram(architecture, fixture.shape), mode);
      const feeds = feedsOf(fixture);
      const ran = await runFixture(engine, { fixture, architecture, program, feeds });
      const { loss, loss_mlm, loss_mvc, grad_norms, ...of } = fixture.cases[mode];
      const zero = of.params_with_zero_gradient_in_exact_arithmetic;
      assertClose(
        ["loss", "mlm", "mvc", "distil"].map((output) => ran.outputs[output][0]),
        [loss, loss_mlm, loss_mvc, 0],
        { relative: SHARE },
      );
      const gradients = await ran.gradients();
      assertLike(gradients, fixture, { prefix: `${mode}.grad.`, share: SHARE, left: zero });
      for (const [name, norm] of Object.entries(grad_norms)) {
        const found = Math.sqrt(gradients[name].reduce((sum, g) => sum + g * g, 0));
        // Biases that a norm takes away again have a gradient of rounding errors.
        const options = zero.includes(name) ? { absolute: 1e-5 } : { relative: SHARE };
        assertClose({ [name]: found }, { [name]: zero.includes(name) ? 0 : norm }, options);
      }
      for (const [name, gradient] of Object.entries(gradients)) {
        if (!(name in grad_norms)) assert.ok(gradient.every((g) => g === 0), `${name} has none`);
      }
    });

    test("goes the reference's way for ten steps of Adam", async (engine) => {
      const steps = engineName === "cpu" && model.startsWith("transformer") ? 10 : quick;
      const fixture = openFixture(model), architecture = build(fixture, mode);
      const program = inMode(learningProgram(architecture, fixture.shape), mode);
      const feeds = feedsOf(fixture);
      const ran = await runFixture(engine, { fixture, architecture, program, feeds });
      const gradients = await ran.gradients();
      const losses = [ran.outputs.loss[0], (await ran.again(1)).loss[0]],
        weights = await ran.weights();
      for (const [weight, { values }] of within(fixture.arrays, `${mode}.adam1.`)) {
        for (let i = 0; i < values.length; i++) {
          // Smaller gradients are rounding noise, which Adam's first step blows up to its full rate.
          if (Math.abs(gradients[weight][i]) <= 1e-6) continue;
          const found = { [weight]: { [i]: weights[weight][i] } };
          assertClose(found, { [weight]: { [i]: values[i] } }, { absolute: 1e-7, relative: 1e-6 });
        }
      }
      for (let step = 2; step < steps; step++) losses.push((await ran.again(step)).loss[0]);
      const expected = fixture.cases[mode].adam_loss_trajectory.slice(0, steps);
      assertClose(losses, [...expected], { relative: 1e-4 });
    });
  }
}

for (const model of Object.keys(models)) {
  Deno.test({
    name: `${model} reads values above the maximum, and a cell with one gene, as the reference`,
    ignore,
    fn: async () => {
      const fixture = openFixture(model),
        architecture = build(fixture, "cls"),
        engine = cpuEngine();
      const program = predictingProgram(architecture, { ...fixture.shape, cells: 2 });
      const feeds = tokensOf(fixture, "probe.");
      const { outputs } = await runFixture(engine, { fixture, architecture, program, feeds });
      // The reference was asked for the cell token's embedding, which these two have no use for.
      const pools = ["linear_base", "mamba"].includes(model);
      const left = pools ? ["cell_emb", "mvc_output"] : [];
      assertLike(named(outputs), fixture, { prefix: "probe.out.", share: SHARE, left });
      await engine.close();
    },
  });
}

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
  "architectures have as many parameters as the reference's at every published size",
  "counts/parameters_and_macs.json",
  ({ vocabulary, rows }) => {
    const published = new Set(rows.map((row) => row.model_structure));
    assert.deepEqual([...published].toSorted(), Object.keys(models).toSorted());
    for (const { model_structure: model, layers, d, heads, length, parameters } of rows) {
      const shape = { genes: vocabulary - SPECIAL_TOKENS, length };
      const { weights } = models[model]({ layers, width: d, heads })(shape);
      const { slots, size } = layoutOf(weights.filter(({ learned }) => learned !== false));
      const count = (part: string) =>
        slots.filter(({ name }) => name.startsWith(`${part}.`))
          .reduce((n, { size }) => n + size, 0);
      const { total, layer_norm, encoder_plus_value_encoder, ...parts } = parameters;
      for (const part in parts) assert.equal(count(part), parts[part], `${model}: ${part}`);
      // What the papers call the model's parameters: 2,440,960 for the transformer of 6 layers.
      assert.equal(count("encoder") + count("value_encoder"), encoder_plus_value_encoder, model);
      assert.equal(size, total - layer_norm, "all but the norm that the reference never uses");
    }
  },
);
