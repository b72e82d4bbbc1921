import assert from "node:assert/strict";
import { Effect } from "effect";
import fc from "fast-check";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../core/errors.ts";
import { layoutOf } from "../core/model/program.ts";
import { toReference } from "../core/model/reference_weights.ts";
import { decodeTensors } from "../core/model/safetensors.ts";
import type { Tensors } from "../streams/checkpoint/read_checkpoint.ts";
import { nameWeights } from "../streams/checkpoint/weights.ts";
import { Screen } from "../streams/console/screen.ts";
import { findWeights } from "../streams/weights/find_weights.ts";
import { handOver, type Wish } from "../streams/weights/hand_over.ts";
import { flattened, namesOf, renamed } from "../streams/weights/names.ts";
import { withFolder } from "./atlas_folder.ts";
import { assertSame } from "./first_difference.ts";
import { absent, ignore, openFixture, within } from "./golden_models.ts";
import { spyScreen } from "./laws/spy_screen.ts";
import { weightsFile } from "./warm_start.ts";

const size = fc.integer({ min: 1, max: 5 });
/** Weights of layers that are not all square, flat, and how they lie. */
const models = fc.tuple(
  fc.array(fc.record({ inputs: size, outputs: size, places: fc.option(size) }), { minLength: 1 }),
  fc.tuple(size, size),
).filter(([layers]) => layers.some(({ inputs, outputs }) => inputs !== outputs))
  .map(([layers, table]) =>
    layoutOf([
      { name: "embedding.weight", shape: table },
      { name: "encoder.layers.0.self_attn.in_proj.weight", shape: [table[1], 3 * table[1]] },
      { name: "encoder.layers.0.self_attn.in_proj.bias", shape: [3 * table[1]] },
      ...layers.flatMap(({ inputs, outputs, places }, i) => [
        { name: `l${i}.weight`, shape: [...(places ? [places] : []), inputs, outputs] },
        { name: `l${i}.bias`, shape: [outputs] },
        { name: `l${i}.running_mean`, shape: [outputs] },
      ]),
    ])
  ).chain((layout) =>
    fc.tuple(
      fc.constant(layout),
      fc.float32Array({ minLength: layout.size, maxLength: layout.size, noNaN: true }),
    )
  );
const tell = (tensors: Tensors, metadata = {}) => namesOf({ tensors, metadata });

Deno.test("namesOf() tells gil's names from the reference's by the shapes alone", () =>
  fc.assert(fc.property(models, ([layout, flat]) => {
    assert.equal(tell(nameWeights(flat, layout)), "gil");
    assert.equal(tell(toReference(flat, layout)), "reference");
  })));

Deno.test("namesOf() believes the metadata, and takes square matrices for gil's", () => {
  const layout = layoutOf([{ name: "a.weight", shape: [2, 2] }, { name: "a.bias", shape: [2] }]);
  const tensors = nameWeights(new Float32Array(6), layout);
  assert.equal(tell(tensors), "gil");
  assert.equal(tell(tensors, { names: "reference" }), "reference");
  assert.equal(tell(tensors, { names: "somebody" }), "gil");
});

Deno.test("renamed() gives the reference's names and gil's again, and no number changes", () =>
  fc.assert(fc.property(models, ([layout, flat]) => {
    const own = nameWeights(flat, layout);
    const there = renamed({ tensors: own, from: "gil", to: "reference" }, "test");
    assertSame([...there], [...toReference(flat, layout)]);
    const unused = { shape: [2], values: Float32Array.of(1, 2) };
    const file = new Map([...there, ["layer_norm.weight", unused]]);
    const back = renamed({ tensors: file, from: "reference", to: "gil" }, "test");
    assertSame([...back], [...own]);
    assertSame(flattened(back, layout, "test"), flat);
  })));

Deno.test("renamed() refuses what is no weight", () => {
  const tensors = new Map([["a.weight", { shape: [2, 1], values: Int32Array.of(1, 2) }]]);
  for (const [from, to] of [["gil", "reference"], ["reference", "gil"]] as const) {
    assert.throws(
      () => renamed({ tensors, from, to }, "test"),
      (error) => error instanceof InputError && /"a.weight".*it is not float32/.test(error.message),
    );
  }
});

/** What `gil weights` prints. */
const lines = (path: string, wish: Partial<Wish> = {}) =>
  Effect.runPromise(
    handOver(path, { output: undefined, names: undefined, ...wish }).pipe(
      Effect.provideService(Screen, spyScreen("pipe")),
    ),
  );
const refusal = async (path: string, wish: Partial<Wish> = {}) => {
  try {
    return (await lines(path, wish)).join("\n");
  } catch (error) {
    return (error as Error).message;
  }
};

const SMALL = layoutOf([
  { name: "embedding.weight", shape: [1003, 2] },
  { name: "bn.weight", shape: [2] },
  { name: "bn.running_mean", shape: [2] },
  { name: "out.weight", shape: [2, 1] },
  { name: "out.bias", shape: [1] },
]);
const numbers = Float32Array.from({ length: SMALL.size }, (_, i) => i);
const small = { tensors: nameWeights(numbers, SMALL) };

Deno.test("handOver() lists names, shapes and parameters", () =>
  withFolder(async (folder) => {
    const path = weightsFile(folder, small);
    assertSame(await lines(path), [
      `"${path}", gil's names:`,
      "name              shape     numbers",
      "───────────────────────────────────",
      "bn.running_mean   2               2",
      "bn.weight         2               2",
      "embedding.weight  1003 × 2    2,006",
      "out.bias          1               1",
      "out.weight        2 × 1           2",
      "───────────────────────────────────",
      "2,011 parameters in 5 arrays, and 2 running statistics",
    ]);
    const turned = await lines(path, { names: "reference" });
    assert.equal(turned[0], `"${path}", the reference's names and axes:`);
    assert.ok(turned.includes("out.weight        1 × 2           2"));
  }));

Deno.test("handOver() writes a new file and leaves what is there alone", () =>
  withFolder(async (folder) => {
    const path = weightsFile(folder, { ...small, metadata: { seed: "1" } });
    const output = join(folder, "out.safetensors");
    assertSame(await lines(path, { output, names: "reference" }), [
      `Weights "${output}": 5 arrays with the reference's names and axes`,
    ]);
    const bytes = readFileSync(output), { tensors, metadata } = decodeTensors(bytes, output);
    assertSame(metadata, { seed: "1", names: "reference" });
    assertSame(tensors.get("out.weight")?.shape, [1, 2]);
    assert.match(
      await refusal(path, { output }),
      /^Cannot write weights ".*": it exists already; name another file$/,
    );
    assertSame(readFileSync(output), bytes);
    assert.match(
      await refusal(path, { output: join(folder, "no", "out") }),
      /no such file or folder/,
    );
    assertSame(readdirSync(folder).toSorted(), ["out.safetensors", "weights.safetensors"]);
  }));

Deno.test("handOver() lists the models of a run, and wants to be told which one to write", () =>
  withFolder(async (folder) => {
    mkdirSync(join(folder, "models"));
    const named = (name: string) => weightsFile(join(folder, "models"), small, name);
    const a = named("a.safetensors");
    named("a.memory.safetensors");
    assert.equal((await findWeights(folder)).file, a);
    const b = named("b.safetensors");
    const [, ...listed] = await lines(folder);
    assertSame(listed.slice(0, 4), [a, b, "", `"${a}", gil's names:`]);
    const output = join(folder, "out");
    assert.equal(
      await refusal(folder, { output }),
      `Cannot read weights "${folder}": it holds 2 models; name one, as in "${a}"`,
    );
    assert.equal(existsSync(output), false);
  }));

Deno.test("findWeights() refuses what holds no weights, in a sentence", () =>
  withFolder(async (folder) => {
    const says = async (path: string, why: RegExp) =>
      await assert.rejects(
        findWeights(path),
        (error) => error instanceof InputError && why.test(error.message),
      );
    await says(join(folder, "no"), /^Cannot read weights ".*no": there is no such file or folder$/);
    await says(folder, /^Cannot read weights ".*": it holds no checkpoint/);
  }));

for (
  const model of [
    ...["transformer", "transformer_d256", "linear_base", "linear_ours"],
    ...["cnn_base", "cnn_ours", "mamba"],
  ]
) {
  Deno.test({
    name:
      `handOver() takes the reference's ${model} to gil's names and back, to the same bytes${absent}`,
    ignore,
    fn: () =>
      withFolder(async (folder) => {
        const tensors = within(openFixture(model).arrays, "w.");
        const path = weightsFile(folder, { tensors });
        const own = join(folder, "own.safetensors"), back = join(folder, "back.safetensors");
        await lines(path, { output: own });
        await lines(own, { output: back, names: "reference" });
        const returned = decodeTensors(readFileSync(back), back).tensors;
        for (const [name, { shape, values }] of returned) {
          assertSame(shape, tensors.get(name)?.shape);
          const bytes = ({ buffer }: { readonly buffer: ArrayBufferLike }) =>
            new Uint8Array(buffer);
          assertSame(bytes(values), bytes(tensors.get(name)!.values));
        }
        const left = [...tensors.keys()].filter((name) => !returned.has(name));
        assert.ok(left.every((name) => /^layer_norm\.|num_batches_tracked$/.test(name)), `${left}`);
        assert.ok(returned.size > 10);
      }),
  });
}
