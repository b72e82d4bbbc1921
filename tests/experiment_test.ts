import assert from "node:assert/strict";
import { Effect, Exit, Option, Schema } from "effect";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkMethods, checkScales } from "../core/composition.ts";
import { decode, type PlainSchema } from "../core/decode.ts";
import { epochsOf, Experiment } from "../core/experiment.ts";
import { place, required, setting, source, transform } from "../core/plugin.ts";
import { make } from "../core/registry.ts";
import * as plugins from "../plugins/mod.ts";
import { overridesOf } from "../streams/console/flags.ts";
import { loadExperiment } from "../streams/experiment/load_experiment.ts";
import { folderOfTests } from "./atlas_folder.ts";

const smallest = {
  name: "small",
  source: { use: "synthetic" },
  sets: [{ name: "a" }, { name: "b" }],
  curriculum: { use: "important-genes" },
  architecture: { use: "transformer" },
  methods: { baseline: {} },
  evaluators: [{ use: "gene-regression" }],
};

/** The one sentence with which an effect fails. */
async function sentence<A>(effect: Effect.Effect<A, { readonly message: string }>) {
  const exit = await Effect.runPromiseExit(Effect.flip(effect));
  assert.ok(Exit.isSuccess(exit), "it did not fail with a sentence");
  return exit.value.message;
}
const decoded = (value: unknown) =>
  decode(Experiment as unknown as PlainSchema<Experiment>, value, "Cannot read it");

Deno.test("Experiment fills in what the paper uses", async () => {
  const { length, mask, training, seeds, transforms } = await Effect.runPromise(decoded(smallest));
  assert.deepEqual({ length, mask, seeds }, { length: 512, mask: 0.4, seeds: [1, 2, 3] });
  assert.deepEqual(training, { batch: 128, epochs: 5, microBatch: null, rate: 5e-4, warmup: 5000 });
  assert.deepEqual(transforms, [{ use: "log1p" }]);
});

Deno.test("decode() names an unknown key and the nearest known one", async () => {
  assert.equal(
    await sentence(decoded({ ...smallest, sets: smallest.sets, lenght: 3 })),
    'Cannot read it: "lenght" is not a known key; did you mean "length"?',
  );
  assert.equal(
    await sentence(decoded({ ...smallest, training: { epoch: 3 } })),
    'Cannot read it: "training.epoch" is not a known key; did you mean "epochs"?',
  );
  assert.match(
    await sentence(decoded({ ...smallest, sets: [{ name: "a", labels: "type" }] })),
    /"sets.0.labels" is not a known key; did you mean "label"\?/,
  );
});

Deno.test("decode() says what is missing and what was expected", async () => {
  const { architecture: _, ...rest } = smallest;
  assert.equal(await sentence(decoded(rest)), 'Cannot read it: "architecture" is missing');
  assert.match(
    await sentence(decoded({ ...smallest, training: { rate: "fast" } })),
    /"training.rate": expected/,
  );
});

Deno.test("make() names the nearest plugin of the kind", async () => {
  assert.equal(
    await sentence(make(plugins, "sampler", { use: "long-tale" })),
    'Cannot find sampler "long-tale": did you mean "long-tail"?',
  );
  assert.match(
    await sentence(make(plugins, "sampler", { use: "log1p" })),
    /Cannot find sampler "log1p": it is a transform; /,
  );
});

Deno.test("make() refuses a configuration key that no plugin reads", async () => {
  assert.equal(
    await sentence(make(plugins, "sampler", { use: "long-tail", shares: 1 })),
    'Cannot configure sampler "long-tail": "shares" is not a known key; did you mean "share"?',
  );
});

Deno.test("checkScales() names both plugins of a contradiction", async () => {
  const links = [plugins.log1p, plugins.log1p];
  assert.equal(
    await sentence(checkScales({ id: "atlas", values: "counts" }, links)),
    'Cannot put transform "log1p" after transform "log1p": it takes counts but gets log1p; ' +
      "leave it out or change their order",
  );
  assert.match(
    await sentence(checkScales({ id: "atlas", values: "log1p" }, [plugins.log1p])),
    /Cannot put transform "log1p" after source "atlas"/,
  );
  assert.equal(
    await Effect.runPromise(checkScales({ id: "atlas", values: "counts" }, [plugins.log1p])),
    "log1p",
  );
});

Deno.test("checkMethods() refuses methods that cannot do what they say", async () => {
  const experiment = async (change: object) =>
    await Effect.runPromise(decoded({ ...smallest, ...change }));
  const replay = { use: "reservoir" };
  assert.match(
    await sentence(checkMethods(
      await experiment({ methods: { both: { stages: "joint", replay } } }),
    )),
    /Cannot combine replay "reservoir" with joint training in method "both"/,
  );
  assert.match(
    await sentence(checkMethods(
      await experiment({ sets: [{ name: "only" }], methods: { old: { replay } } }),
    )),
    /Cannot use replay "reservoir" in method "old": with the only gene set "only"/,
  );
  assert.match(
    await sentence(checkMethods(await experiment({ sets: [{ name: "a" }, { name: "a" }] }))),
    /Cannot tell apart two gene sets called "a"/,
  );
  for (const name of ["base", "average"]) {
    assert.match(
      await sentence(checkMethods(await experiment({ sets: [{ name: "a" }, { name }] }))),
      new RegExp(`Cannot call a gene set "${name}": .* is called so; give the set another name`),
    );
  }
  const nameless = [
    [{ methods: { baseline: {}, "": {} } }, 'a method ""'],
    [{ methods: { "  ": {} } }, 'a method "  "'],
    [{ sets: [{ name: "a" }, { name: "\u200b" }] }, 'a gene set "\u200b"'],
  ] as const;
  for (const [change, what] of nameless) {
    assert.equal(
      await sentence(checkMethods(await experiment(change))),
      `Cannot call ${what}: tables tell it by its name; give it one that can be seen`,
    );
  }
  assert.match(
    await sentence(checkMethods(await experiment({ methods: {} }))),
    /it compares no methods/,
  );
});

Deno.test("Experiment refuses a seed that comes twice", async () => {
  assert.match(await sentence(decoded({ ...smallest, seeds: [1, 2, 1] })), /"seeds".*unique/i);
});

Deno.test("Experiment refuses to train for no epochs of any stage, or with nothing masked", async () => {
  assert.match(
    await sentence(decoded({ ...smallest, training: { epochs: [] } })),
    /^Cannot read it: "training.epochs": expected .*length of at least 1/,
  );
  assert.match(
    await sentence(decoded({ ...smallest, mask: 0 })),
    /^Cannot read it: "mask": expected a value greater than 0/,
  );
  await Effect.runPromise(decoded({ ...smallest, mask: 1, training: { epochs: [1] } }));
});

Deno.test("epochsOf() repeats the last entry", () => {
  assert.deepEqual([0, 1, 2, 3].map((stage) => epochsOf([8, 6], stage)), [8, 6, 6, 6]);
  assert.equal(epochsOf(5, 3), 5);
});

Deno.test("loadExperiment() reads comments, applies overrides and resolves paths beside the file", async () => {
  const folder = folderOfTests();
  const path = join(folder, "e.jsonc");
  const json = { ...smallest, source: { use: "atlas", path: "cells" } };
  writeFileSync(path, `// a comment\n${JSON.stringify(json)}`);
  const { experiment } = await Effect.runPromise(loadExperiment(path, plugins, { seeds: [9] }));
  assert.deepEqual(experiment.seeds, [9]);
  assert.equal(experiment.source.path, join(folder, "cells"));
  for (const [files, absolute] of [["a", join(folder, "a")], [["a"], [join(folder, "a")]]]) {
    const source = { use: "parquet", files, vocabulary: "v.json", scale: "counts" };
    writeFileSync(path, JSON.stringify({ ...smallest, source }));
    const { experiment } = await Effect.runPromise(loadExperiment(path, plugins));
    assert.deepEqual({ ...experiment.source }, {
      ...source,
      files: absolute,
      vocabulary: join(folder, "v.json"),
    });
  }
});

Deno.test("loadExperiment() resolves what a plugin declares to be a place, and nothing else that is called so", async () => {
  const folder = folderOfTests(), file = join(folder, "e.jsonc");
  const cells = source({
    id: "cells",
    purpose: "gives cells",
    config: {
      matrix: place(required(Schema.String, "file of the counts")),
      tables: place(setting(Schema.Array(Schema.String), ["t"], "files that describe them")),
      path: setting(Schema.String, "", "how they were drawn"),
    },
    make: () => Effect.die("not opened"),
  });
  const own = { use: "cells", matrix: "m", tables: ["a", "https://tables.test/b"], path: "short" };
  const inFolder = {
    ...own,
    matrix: join(folder, "m"),
    tables: [join(folder, "a"), own.tables[1]],
  };
  const set = { name: "s", where: { path: "left", files: "right" }, source: own };
  // A transform of the same id has settings of its own.
  const json = { ...smallest, source: own, sets: [set], transforms: [own], from: { path: "w" } };
  writeFileSync(file, JSON.stringify(json));
  const { experiment } = await Effect.runPromise(loadExperiment(file, { ...plugins, cells }));
  assert.deepEqual({ ...experiment.source }, inFolder);
  assert.deepEqual({ ...experiment.sets[0].source }, inFolder);
  assert.deepEqual({ ...experiment.sets[0].where }, set.where);
  assert.deepEqual({ ...experiment.transforms[0] }, own);
  assert.deepEqual(experiment.from, { path: join(folder, "w"), sha256: null });
});

Deno.test("loadExperiment() leaves addresses what they are, and lays settings over the source", async () => {
  const folder = folderOfTests(), file = join(folder, "e.jsonc");
  const address = "https://atlases.test/cells?version=2";
  for (const path of [address, "file:///atlases/cells"]) {
    writeFileSync(file, JSON.stringify({ ...smallest, source: { use: "atlas", path } }));
    const overrides = { source: { onDamage: "skip" } };
    const { experiment } = await Effect.runPromise(loadExperiment(file, plugins, overrides));
    assert.deepEqual({ ...experiment.source }, { use: "atlas", path, onDamage: "skip" });
  }
  const flags = { atlas: Option.some({ use: "atlas", path: address }), memory: Option.none() };
  assert.deepEqual(overridesOf(flags), { source: { use: "atlas", path: address } });
  assert.deepEqual(overridesOf({ ...flags, onDamage: Option.some("skip") }), {
    source: { use: "atlas", path: address, onDamage: "skip" },
  });
  assert.deepEqual(overridesOf({ threads: Option.some(2) }), { engine: { threads: 2 } });
});

Deno.test("loadExperiment() says which line is not JSON, and which file is missing", async () => {
  const folder = folderOfTests();
  const path = join(folder, "e.jsonc");
  writeFileSync(path, '{\n  "name": "x",\n  "seeds": [1,,2]\n}');
  assert.match(await sentence(loadExperiment(path, plugins)), /line 3 is not JSON/);
  assert.match(await sentence(loadExperiment(`${path}x`, plugins)), /there is no such file/);
  writeFileSync(path, JSON.stringify({ ...smallest, plugins: ["./none.ts"] }));
  assert.match(
    await sentence(loadExperiment(path, plugins)),
    /Cannot load plugins from ".\/none.ts": /,
  );
});

Deno.test("setting() gives its default and required() insists", () => {
  const clip = transform({
    id: "clip",
    purpose: "caps values",
    config: { max: setting(Schema.Finite, 3, "largest value") },
    make: ({ max }) => {
      assert.equal(max, 3);
      return (cells) => cells;
    },
  });
  clip();
  assert.equal(clip.kind, "transform");
});
