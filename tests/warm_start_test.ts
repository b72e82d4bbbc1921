import assert from "node:assert/strict";
import { Effect } from "effect";
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { keyOf } from "../core/random.ts";
import { decodeTensors, type StoredTensor } from "../core/model/safetensors.ts";
import type { TokenBatch } from "../core/tokens.ts";
import * as box from "../plugins/mod.ts";
import { sha256Of } from "../streams/checkpoint/manifest.ts";
import { nameWeights } from "../streams/checkpoint/weights.ts";
import { loadExperiment } from "../streams/experiment/load_experiment.ts";
import { keepWeights } from "../streams/experiment/keep_weights.ts";
import { withFolder } from "./atlas_folder.ts";
import { assertSame } from "./first_difference.ts";
import {
  absent,
  assertLike,
  type Fixture,
  ignore,
  named,
  openFixture,
  within,
} from "./golden_models.ts";
import { experimentOf, leftIn, live, withQuickFolder } from "./resume_lives.ts";
import { weightsFile, withOpened } from "./warm_start.ts";

/** The reference's models as experiments name them, and the mode in which the fixture has outputs. */
const models: Readonly<Record<string, { readonly mode: string; readonly use: object }>> = {
  transformer: { mode: "avg", use: { use: "transformer", pooling: "mean" } },
  transformer_d256: { mode: "cls", use: { use: "transformer", pooling: "cls" } },
  linear_base: { mode: "avg", use: { use: "mlp" } },
  linear_ours: { mode: "eval", use: { use: "mlp-ours" } },
  cnn_base: { mode: "eval", use: { use: "cnn" } },
  cnn_ours: { mode: "eval", use: { use: "cnn", order: "vocabulary" } },
  mamba: { mode: "avg", use: { use: "mamba" } },
};

/** An experiment on a model of the reference's. */
function experimentWith(model: string, { config, shape }: Fixture, from: string) {
  const { nlayers: layers, embsize: width, nheads: heads, n_genes: genes } = config;
  const transformer = model.startsWith("transformer") ? { heads, dropout: 0 } : {};
  return experimentOf({
    source: { use: "memory", cells: 72, genes },
    length: shape.length - 1,
    architecture: { layers, width, ...transformer, ...models[model].use },
    training: { batch: 4, epochs: 1, rate: 0.01, warmup: 0 },
    engine: { use: "cpu" },
    from,
  });
}

/** The fixture's inputs as cells that a model predicts. */
function tokensOf({ arrays, shape }: Fixture): TokenBatch {
  const values = <A>(name: string) => arrays.get(name)?.values as A;
  return {
    cells: new Uint32Array(shape.cells),
    length: shape.length,
    genes: values<Int32Array>("in.src"),
    input: values<Float32Array>("in.values"),
    target: values<Float32Array>("in.target"),
    padding: values<Uint8Array>("in.pad_mask"),
    masked: values<Uint8Array>("in.mask"),
    obs: {},
  };
}

for (const model of Object.keys(models)) {
  Deno.test({
    name: `an experiment begins with the reference's ${model} and says what it says${absent}`,
    ignore,
    fn: () =>
      withFolder(async (folder) => {
        const fixture = openFixture(model);
        const from = weightsFile(folder, { tensors: within(fixture.arrays, "w.") });
        await withOpened(experimentWith(model, fixture, from), async ({ run, engine }) => {
          assert.match(engine.notes[0], /has the reference's names and axes$/);
          assert.match(engine.notes[1], /does not say for which genes/);
          const begun = run.learners[0].begin(keyOf(5));
          const said = named({ ...await begun.predict(tokensOf(fixture)) });
          assertLike(said, fixture, { prefix: `${models[model].mode}.out.`, share: 1e-5 });
          begun.close();
        });
      }),
  });
}

const small = experimentOf({ seeds: [3, 4] });

/** Weights for `small` that no seed draws, in a file as a run keeps them. */
const trained = (folder: string, experiment = small) =>
  withOpened(experiment, async ({ run, layout }) => {
    const weights = Float32Array.from({ length: layout.size }, (_, i) => Math.sin(i) / 8);
    const keep = keepWeights(folder, {
      layout,
      methods: ["baseline"],
      symbols: run.source.vocabulary.symbols,
    });
    const file = await keep(weights, { methods: ["baseline"], seed: 1, stage: 2 }, undefined);
    return { weights, layout, from: join(folder, file) };
  });

Deno.test("openRun() begins every seed with the weights that a run has kept", () =>
  withFolder(async (folder) => {
    const { weights, from } = await trained(folder);
    await withOpened({ ...small, from }, async ({ run, engine, resolved }) => {
      for (const seed of [3, 4]) {
        const begun = run.learners[0].begin(keyOf(seed));
        assertSame(await begun.weights(), weights);
        begun.close();
      }
      assertSame(engine.notes, [`Begins with the weights in "${from}", which has gil's names`]);
      assertSame(resolved.from, { path: from, sha256: sha256Of(readFileSync(from)) });
    });
    await withOpened(small, async ({ run, resolved }) => {
      const begun = run.learners[0].begin(keyOf(3));
      assert.notDeepEqual((await begun.weights()).slice(0, 9), weights.slice(0, 9));
      assert.equal(resolved.from, null);
      begun.close();
    });
  }));

Deno.test("openRun() begins with a checkpoint, by its folder or that of its seed", () =>
  withQuickFolder(async (folder) => {
    const end = { how: "stop", call: 5 } as const;
    assert.equal(await live(folder, { experiment: small, every: { steps: 2 }, end }), "stopped");
    const shelf = join(folder, "checkpoints", "seed-3");
    const newest = readdirSync(shelf).toSorted().at(-1)!;
    for (const path of [shelf, join(shelf, newest), folder]) {
      await withOpened({ ...small, from: path }, async ({ run, resolved }) => {
        const { path: file } = resolved.from as { readonly path: string };
        const begun = run.learners[0].begin(keyOf(1));
        const { tensors } = decodeTensors(readFileSync(file), file);
        const kept = tensors.get("embedding.weight")?.values as Float32Array;
        assertSame((await begun.weights()).slice(0, kept.length), kept);
        assert.match(file, /checkpoints\/seed-3\/00000\d\/trunk\.safetensors$/);
        begun.close();
      });
    }
  }));

/** The sentence with which an experiment is refused. */
async function refusal(change: object): Promise<string> {
  try {
    await withOpened({ ...small, ...change }, () => Promise.resolve());
  } catch (error) {
    return (error as Error).message;
  }
  return "nothing is refused";
}

Deno.test("openRun() names the first weight that does not fit", () =>
  withFolder(async (folder) => {
    const { weights, layout, from } = await trained(folder);
    const tensors = nameWeights(weights, layout);
    const changed = (change: (tensors: Map<string, StoredTensor>) => void) => {
      const copy = new Map(tensors);
      change(copy);
      return { from: weightsFile(folder, { tensors: copy }, "changed.safetensors") };
    };
    const source = { use: "memory", cells: 72, genes: 25 };
    assert.match(
      await refusal({ from, source }),
      /^Cannot read weight "embedding.weight" from ".*": its shape is \[27,4\] where \[28,4\] is expected$/,
    );
    assert.match(
      await refusal({ from, architecture: { ...small.architecture, layers: 2 } }),
      /^Cannot read weight "encoder.layers.1.*" from ".*": it is not there; is this another architecture\?$/,
    );
    assert.match(
      await refusal(changed((all) => all.set("more", { shape: [1], values: new Float32Array(1) }))),
      /^Cannot read weight "more" from ".*": this architecture has no such weight$/,
    );
    assert.match(
      await refusal(
        changed((all) => all.set("decoder.0.bias", { shape: [4], values: new Float64Array(4) })),
      ),
      /^Cannot read weight "decoder.0.bias" from ".*": it is not float32 \(F32\); save it as float32$/,
    );
    assert.match(
      await refusal({ from: join(folder, "no") }),
      /^Cannot .*no": there is no such file/,
    );
  }));

Deno.test("openRun() refuses a gene table whose rows stand for other genes", () =>
  withFolder(async (folder) => {
    const { from } = await trained(folder);
    const source = { use: "memory", cells: 72, genes: 24, reversed: true };
    assert.match(
      await refusal({ from, source }),
      /^Cannot read weight "embedding.weight" from ".*": its rows stand for other genes /,
    );
  }));

Deno.test("openRun() refuses a file with another hash than the experiment names", () =>
  withFolder(async (folder) => {
    const { from } = await trained(folder), sha256 = sha256Of(readFileSync(from));
    await withOpened({ ...small, from: { path: from, sha256 } }, () => Promise.resolve());
    assert.match(
      await refusal({ from: { path: from, sha256: sha256.replace(/^./, "x") } }),
      /^Cannot begin with weights ".*": its SHA-256 is [0-9a-f]{12}… where the experiment names x/,
    );
  }));

Deno.test("a run goes on to the same bytes when the weights that it began with are gone", () =>
  withQuickFolder(async (home) => {
    const { from } = await trained(home), experiment = { ...small, from };
    const every = { steps: 2 }, whole = join(home, "whole"), parts = join(home, "parts");
    assert.equal(await live(whole, { experiment, every }), "finished");
    const end = { how: "stop", call: 12 } as const;
    assert.equal(await live(parts, { experiment, every, end }), "stopped");
    renameSync(from, `${from}.gone`);
    const kept = join(parts, "experiment.json");
    const { experiment: resumed } = await Effect.runPromise(loadExperiment(kept, box));
    assert.equal(await live(parts, { experiment: resumed, every }), "finished");
    assertSame(leftIn(parts), leftIn(whole));
  }));

Deno.test("a run does not go on with other weights than it began with", () =>
  withQuickFolder(async (home) => {
    const { from } = await trained(home), folder = join(home, "run"), every = { steps: 2 };
    const end = { how: "stop", call: 12 } as const;
    await live(folder, { experiment: { ...small, from }, every, end });
    const copy = join(folder, "from.safetensors"), bytes = readFileSync(copy);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(copy, bytes);
    const loaded = loadExperiment(join(folder, "experiment.json"), box);
    const { experiment } = await Effect.runPromise(loaded);
    assert.match(
      await refusal(experiment),
      /^Cannot begin with weights ".*from.safetensors": its SHA/,
    );
  }));

Deno.test('loadExperiment() reads "from" relative to the file', () =>
  withFolder(async (folder) => {
    const path = join(folder, "experiment.json");
    for (const from of ["w.safetensors", { path: "w.safetensors" }]) {
      writeFileSync(path, JSON.stringify({ ...small, from }));
      const { experiment } = await Effect.runPromise(loadExperiment(path, box));
      const found = experiment.from;
      assert.equal(typeof found === "object" ? found?.path : found, join(folder, "w.safetensors"));
    }
  }));
