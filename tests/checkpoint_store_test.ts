import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { InputError } from "../core/errors.ts";
import { layoutOf } from "../core/model/program.ts";
import { decodeTensors, encodeTensors } from "../core/model/safetensors.ts";
import { localDisk } from "../streams/checkpoint/disk.ts";
import type { Identity } from "../streams/checkpoint/identity.ts";
import { decodeManifest, encodeManifest, MANIFEST_FILE } from "../streams/checkpoint/manifest.ts";
import { readWeights } from "../streams/checkpoint/read_weights.ts";
import { openCheckpoints } from "../streams/checkpoint/store.ts";
import { withFolder } from "./atlas_folder.ts";
import { anyBookmark, bitsOf, identityOf, layout, numbered } from "./checkpoint_bookmarks.ts";
import { assertSame } from "./first_difference.ts";

const identity = identityOf(layout);

/** Runs `use` with a folder that holds numbered checkpoints 1 … `count`. */
const withCheckpoints = <A>(count: number, use: (folder: string) => A | Promise<A>): Promise<A> =>
  withFolder(async (folder) => {
    const { write } = openCheckpoints(folder, identity);
    for (let i = 1; i <= count; i++) await write(numbered(i));
    return await use(folder);
  });

Deno.test("newest() gives back, bit for bit, what write() was given", () =>
  fc.assert(
    fc.asyncProperty(anyBookmark, ({ layout, bookmark }) =>
      withFolder(async (folder) => {
        const path = join(folder, "checkpoints"), identity = identityOf(layout);
        await openCheckpoints(path, identity).write(bookmark);
        const found = await openCheckpoints(path, identity).newest(1);
        assertSame(bitsOf(found?.bookmark), bitsOf(bookmark));
        assertSame(found?.notes, []);
      })),
    { numRuns: 100 },
  ));

Deno.test("write() makes no folder of a run anew that somebody has removed", () =>
  withFolder(async (folder) => {
    const run = join(folder, "run"),
      { write } = openCheckpoints(join(run, "checkpoints"), identity);
    await assert.rejects(() => write(numbered(0)), /there is no such file or folder$/);
    assert.ok(!existsSync(run));
  }));

Deno.test("write() keeps the last ones of each seed, newest() finds the last", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 2 }), { maxLength: 8 }),
      fc.integer({ min: 1, max: 4 }),
      (seeds, keep) =>
        withFolder(async (folder) => {
          const { write, newest } = openCheckpoints(folder, identity, { keep });
          for (const [i, seed] of seeds.entries()) await write({ ...numbered(i), seed });
          for (const seed of [1, 2]) {
            const own = [...seeds.keys()].filter((i) => seeds[i] === seed);
            const names = own.map((_, i) => `00000${i + 1}`).slice(-keep);
            if (own.length === 0) assert.equal(await newest(seed), undefined);
            else assertSame(readdirSync(join(folder, `seed-${seed}`)).sort(), names);
            assert.equal((await newest(seed))?.bookmark?.step, own.at(-1));
          }
        }),
    ),
    { numRuns: 30 },
  ));

Deno.test("write() writes one after the other on a slow disk, newest() waits for them", () =>
  withFolder(async (folder) => {
    const later = () => new Promise((go) => setTimeout(go, 2));
    const disk = {
      ...localDisk,
      write: (path: string, bytes: Uint8Array) => later().then(() => localDisk.write(path, bytes)),
      names: (path: string) => later().then(() => localDisk.names(path)),
    };
    const { write, newest } = openCheckpoints(folder, identity, { disk });
    const writing = [1, 2, 3].map((i) => write(numbered(i)));
    assert.equal((await newest(1))?.bookmark?.step, 3);
    await Promise.all(writing);
    assertSame(readdirSync(join(folder, "seed-1")).sort(), ["000001", "000002", "000003"]);
  }));

Deno.test("write() names what it keeps in plain safetensors", () =>
  withCheckpoints(1, (folder) => {
    const path = join(folder, "seed-1", "000001");
    const read = (file: string) => decodeTensors(readFileSync(join(path, file)), file).tensors;
    assertSame(readdirSync(path).sort(), [
      "branch.safetensors",
      "manifest.json",
      "memory.safetensors",
      "training.safetensors",
      "trunk.safetensors",
    ]);
    assertSame(read("trunk.safetensors").get("w"), {
      shape: [2, 3],
      values: new Float32Array(6).fill(1),
    });
    assertSame([...read("training.safetensors").keys()].sort(), [
      ...["firstMoment/b", "firstMoment/w", "secondMoment/b", "secondMoment/w"],
      ...["teacher/b", "teacher/w"],
    ]);
    assertSame([...read("memory.safetensors").keys()].sort(), [
      ...["0/cells", "0/genes", "0/obs/cell_type", "0/offsets", "0/values", "offered", "stage"],
    ]);
    const { experiment } = JSON.parse(readFileSync(join(path, "manifest.json"), "utf8"));
    assertSame(experiment.content, identity.experiment);
  }));

/** The sentence with which the newest checkpoint of `identity` is refused to what differs. */
const refusal = (change: Partial<Identity>): Promise<string> =>
  withCheckpoints(2, async (folder) => {
    const { newest } = openCheckpoints(folder, identityOf(layout, change));
    const error = await newest(1).then(() => undefined, (error) => error);
    assert.ok(error instanceof InputError, `${error}`);
    const start = `Cannot use checkpoint "${join(folder, "seed-1", "000002")}": `;
    assert.equal(error.message.slice(0, start.length), start);
    return error.message.slice(start.length);
  });

Deno.test("newest() refuses a checkpoint of another experiment, naming the first difference", async () => {
  const experiment = identity.experiment as Record<string, unknown>;
  const cases: [unknown, string][] = [
    [
      { ...experiment, training: { rate: 0.001, epochs: [1, 2] } },
      '"training.rate" is 0.002 there and 0.001 here',
    ],
    [
      { ...experiment, training: { rate: 0.002, epochs: [1, 3] } },
      '"training.epochs.1" is 2 there and 3 here',
    ],
    [{ ...experiment, seeds: [1, 2] }, '"seeds.1" is absent there and 2 here'],
    [{ ...experiment, seeds: [] }, '"seeds.0" is 1 there and absent here'],
    [{ ...experiment, seeds: { 0: 1 } }, '"seeds" is [1] there and {"0":1} here'],
    [{ ...experiment, toString: null }, '"toString" is absent there and null here'],
    [
      null,
      'it is {"name":"small","seeds":[1],"training":{"epochs":[1,2],"rat… there and null here',
    ],
  ];
  for (const [experiment, why] of cases) {
    assert.equal(
      await refusal({ experiment }),
      `it is of another experiment: ${why}`,
    );
  }
});

Deno.test("newest() refuses a checkpoint of another atlas, engine or model", async () => {
  const { atlas } = identity,
    other = (change: object) => refusal({ atlas: { ...atlas, ...change } });
  assert.equal(await other({ genes: 51 }), "it is of another atlas, with 50 genes, not 51");
  assert.equal(await other({ cells: 1 }), "it is of another atlas, with 240 cells, not 1");
  assert.match(
    await other({ sha256: "1".repeat(64) }),
    /as many genes and cells but other contents/,
  );
  assert.match(await refusal({ engine: "onnx" }), /engine "cpu \(fp32, 1 thread\)", .* is "onnx"$/);
  const model = (...specs: { name: string; shape: number[] }[]) =>
    refusal({ layout: layoutOf(specs) });
  const w = { name: "w", shape: [2, 3] };
  assert.equal(
    await model({ ...w, shape: [3, 2] }, { name: "b", shape: [3] }),
    'it is of another model: weight 1 is "w" of shape [2, 3] there and "w" of shape [3, 2] here',
  );
  assert.match(
    await model(w, { name: "c", shape: [3] }),
    /weight 2 is "b" .* there and "c" .* here/,
  );
  assert.match(await model(w), /weight 2 is "b" of shape \[3\] there and no such weight here/);
});

Deno.test("newest() refuses a checkpoint whose plugin file was edited since, and no earlier one", () =>
  withFolder(async (folder) => {
    const [was, is] = ["0", "1"].map((digit) => digit.repeat(64)), plugin = "/my/scale.ts";
    const of = (plugins: Identity["plugins"]) => openCheckpoints(folder, { ...identity, plugins });
    await of({ "/my/other.ts": is, [plugin]: was }).write(numbered(1));
    const path = join(folder, "seed-1", "000001");
    await assert.rejects(of({ "/my/other.ts": is, [plugin]: is }).newest(1), {
      name: "InputError",
      message: `Cannot use checkpoint "${path}": plugin file "${plugin}" has changed since; ` +
        "put it back as it was, begin the run anew, or go on with what it is now by " +
        '"gil resume --changed-plugins"',
    });
    const going = { ...identity, plugins: { [plugin]: is }, onChangedPlugins: "go on" } as const;
    const notes = (await openCheckpoints(folder, going).newest(1))!.notes;
    assert.match(
      notes.join(),
      /^Goes on with plugin file "\/my\/other.ts" as it is now; .*scale.ts/,
    );
    assert.ok(await of({ "/my/other.ts": is, [plugin]: was }).newest(1));

    // An earlier gil said nothing of plugins.
    const file = join(path, MANIFEST_FILE), manifest = decodeManifest(readFileSync(file), path);
    const { plugins: _, ...earlier } = manifest;
    writeFileSync(file, encodeManifest(earlier));
    assertSame((await of({ [plugin]: is }).newest(1))?.notes, []);
  }));

Deno.test("newest() takes an experiment whose keys come in another order, and tells new versions", () =>
  withCheckpoints(1, async (folder) => {
    const experiment = { seeds: [1], training: { epochs: [1, 2], rate: 0.002 }, name: "small" };
    const versions = { gil: "0.2.0", onnxruntime: "1.30.0" };
    const changed = identityOf(layout, { experiment, versions });
    const found = await openCheckpoints(folder, changed).newest(1);
    assertSame(bitsOf(found?.bookmark), bitsOf(numbered(1)));
    assert.equal(found?.notes.length, 2);
    assert.match(found.notes[0], /^Goes on with gil 0\.2\.0 where .* written with 0\.1\.0;/);
    assert.match(found.notes[1], /^Goes on with onnxruntime 1\.30\.0 where .* written with none;/);
  }));

Deno.test("readWeights() reads a checkpoint, the newest of a seed, and any safetensors file", () =>
  withCheckpoints(2, async (folder) => {
    const seed = join(folder, "seed-1"),
      value = async (path: string) => {
        const { tensors, file } = await readWeights(path);
        return [tensors.get("w")?.values[0], file];
      };
    const newest = join(seed, "000002", "branch.safetensors");
    assertSame(await value(folder), [2, newest]);
    assertSame(await value(seed), [2, newest]);
    assertSame(await value(join(seed, "000001")), [1, join(seed, "000001", "branch.safetensors")]);
    assertSame(await value(join(seed, "000001", "trunk.safetensors")), [
      1,
      join(seed, "000001", "trunk.safetensors"),
    ]);
    writeFileSync(newest, "");
    const { notes, file } = await readWeights(seed);
    assert.equal(file, join(seed, "000001", "branch.safetensors"));
    assert.match(notes.join(), /000002": branch.safetensors has 0 bytes where \d+ were written$/);

    const trunk = { ...numbered(3), branch: undefined }, other = join(folder, "other");
    await openCheckpoints(other, identity).write(trunk);
    assert.equal((await value(other))[1], join(other, "seed-1", "000001", "trunk.safetensors"));
    await openCheckpoints(other, identity).write({ ...trunk, trunk: undefined });
    assert.match((await readWeights(other)).notes.join(), /000002": it holds no weights$/);
  }));

Deno.test("readWeights() says in one sentence why there are none", () =>
  withCheckpoints(1, async (folder) => {
    const refuses = (path: string, why: RegExp) =>
      assert.rejects(readWeights(path), (error) => {
        assert.ok(error instanceof InputError, `${error}`);
        assert.ok(error.message.startsWith(`Cannot read weights "${path}": `), error.message);
        assert.match(error.message, why);
        return true;
      });
    const checkpoint = join(folder, "seed-1", "000001"), empty = join(folder, "empty");
    mkdirSync(empty);
    await refuses(join(folder, "nowhere"), /there is no such file/);
    await refuses(empty, /it holds no checkpoint; name one/);
    await refuses(join(checkpoint, "manifest.json"), /no safetensors file/);
    mkdirSync(join(folder, "seed-2"));
    await refuses(folder, /it has several seeds; name one, as in ".*seed-\d"/);
    writeFileSync(
      join(checkpoint, "branch.safetensors"),
      encodeTensors({ tensors: new Map(), metadata: {} }),
    );
    await refuses(checkpoint, /branch.safetensors has \d+ bytes/);
    await refuses(join(folder, "seed-1"), /none of its 1 checkpoints is as it was written/);
  }));
