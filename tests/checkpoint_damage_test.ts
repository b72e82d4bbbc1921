import assert from "node:assert/strict";
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { InputError } from "../core/errors.ts";
import { encodeTensors, type StoredTensor } from "../core/model/safetensors.ts";
import { localDisk } from "../streams/checkpoint/disk.ts";
import { decodeManifest, encodeManifest, sha256Of } from "../streams/checkpoint/manifest.ts";
import { nameMemory } from "../streams/checkpoint/remembered.ts";
import { openCheckpoints } from "../streams/checkpoint/store.ts";
import { folderOfTests } from "./atlas_folder.ts";
import { bitsOf, identityOf, layout, numbered } from "./checkpoint_bookmarks.ts";
import { assertSame } from "./first_difference.ts";

const identity = identityOf(layout);
const folder = folderOfTests(), kept = folderOfTests(), shelf = join(folder, "seed-1");
const { write, newest } = openCheckpoints(folder, identity);
await write(numbered(1));
await write(numbered(2));
cpSync(shelf, kept, { recursive: true });

const last = join(shelf, "000002");
const files = readdirSync(last).sort();
const bytesOf = new Map(
  files.map((file) => [file, new Uint8Array(readFileSync(join(last, file)))]),
);

/** Damages the checkpoints, and sees that the first is used and why, in one sentence, not the second. */
async function passesOver(damage: () => void, why: RegExp): Promise<void> {
  try {
    damage();
    const found = await newest(1);
    assert.ok(found);
    assert.equal(found.notes.length, 1, found.notes.join("\n"));
    const start = `Cannot use checkpoint "${last}`;
    assert.equal(found.notes[0].slice(0, start.length), start);
    assert.match(found.notes[0].slice(start.length), why);
    assertSame(bitsOf(found.bookmark), bitsOf(numbered(1)));
  } finally {
    rmSync(shelf, { recursive: true, force: true });
    cpSync(kept, shelf, { recursive: true });
  }
}

const anyFile = fc.constantFrom(...files);

Deno.test("newest() passes over a checkpoint with any byte changed", async () => {
  assertSame(bitsOf((await newest(1))?.bookmark), bitsOf(numbered(2)));
  await fc.assert(
    fc.asyncProperty(
      anyFile,
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (file, place, change) =>
        passesOver(() => {
          const bytes = bytesOf.get(file)!.slice();
          bytes[place % bytes.length] ^= change;
          writeFileSync(join(last, file), bytes);
        }, RegExp(`^": ${file} is not [^\n]+$`)),
    ),
    { numRuns: 400 },
  );
});

Deno.test("newest() passes over a checkpoint with a file cut off anywhere, or that goes on", () =>
  fc.assert(
    fc.asyncProperty(
      anyFile,
      fc.nat(),
      fc.uint8Array({ maxLength: 3 }),
      (file, place, more) =>
        passesOver(() => {
          const bytes = bytesOf.get(file)!;
          const left = more.length > 0 ? bytes : bytes.subarray(0, place % bytes.length);
          writeFileSync(join(last, file), Uint8Array.of(...left, ...more));
        }, RegExp(`^": ${file} (is not|has \\d+ bytes where) [^\n]+$`)),
    ),
    { numRuns: 200 },
  ));

Deno.test("newest() passes over a checkpoint that lacks a file, or has a folder in its place", async () => {
  for (const file of files) {
    await passesOver(() => rmSync(join(last, file)), RegExp(`^": ${file} is missing$`));
    await passesOver(() => {
      rmSync(join(last, file));
      mkdirSync(join(last, file));
    }, RegExp(`^": ${file} is a folder$`));
  }
});

Deno.test("newest() passes over empty folders, files, and checkpoints of others in its place", async () => {
  const instead = (make: () => void) => () => {
    rmSync(last, { recursive: true });
    make();
  };
  await passesOver(instead(() => mkdirSync(last)), /^": manifest.json is missing$/);
  await passesOver(instead(() => writeFileSync(last, "gone")), /^": manifest.json is missing$/);
  const other = openCheckpoints(folder, identity);
  await other.write({ ...numbered(3), seed: 2 });
  await passesOver(
    instead(() => cpSync(join(folder, "seed-2", "000001"), last, { recursive: true })),
    /^": it is of seed 2$/,
  );
});

Deno.test("newest() passes over what was not finished, silently over what was being removed", async () => {
  await passesOver(() => renameSync(last, `${last}.part`), /^.part": it was not finished$/);
  try {
    renameSync(last, `${last}.old`);
    writeFileSync(join(shelf, "notes.txt"), "");
    const found = await newest(1);
    assertSame(found?.notes, []);
    assert.equal(found?.bookmark?.step, 1);
  } finally {
    rmSync(shelf, { recursive: true });
    cpSync(kept, shelf, { recursive: true });
  }
});

Deno.test("newest() uses a sound checkpoint beside which a stranger lies, and says so", async () => {
  const stray = join(last, "pickle.bin");
  writeFileSync(stray, "x");
  const found = await newest(1);
  rmSync(stray);
  assert.equal(found?.bookmark?.step, 2);
  assert.match(found?.notes.join() ?? "", /^Passes over "pickle.bin" in checkpoint "[^"]+"/);
});

Deno.test("newest() says that no checkpoint is sound; write() then keeps the sound ones", async () => {
  try {
    for (const name of ["000001", "000002"]) writeFileSync(join(shelf, name, "manifest.json"), "");
    const { write, newest } = openCheckpoints(folder, identity, { keep: 2 });
    const found = await newest(1);
    assert.equal(found?.bookmark, undefined);
    assert.equal(found?.notes.length, 2);
    await write(numbered(3));
    await write(numbered(4));
    writeFileSync(join(shelf, "000004", "manifest.json"), "");
    assert.equal((await newest(1))?.bookmark?.step, 3);
    await write(numbered(5));
    assertSame(readdirSync(shelf).sort(), ["000003", "000005"]);
  } finally {
    rmSync(shelf, { recursive: true });
    cpSync(kept, shelf, { recursive: true });
  }
});

/** Checkpoints on a disk that cannot read the file at `path`. */
function unreadable(path: string, code: string) {
  const read = (wanted: string) =>
    wanted === path
      ? Promise.reject(Object.assign(new Error(`${code}: injected`), { code }))
      : localDisk.read(wanted);
  return openCheckpoints(folder, identity, { disk: { ...localDisk, read } });
}

Deno.test("newest() passes over a checkpoint that the disk cannot read, not one that it may not", async () => {
  for (const file of files) {
    const path = join(last, file);
    const found = await unreadable(path, "EIO").newest(1);
    assert.equal(found?.bookmark?.step, 1);
    assert.match(found.notes.join(), RegExp(`000002": ${file} cannot be read from the disk$`));
    await assert.rejects(unreadable(path, "EACCES").newest(1), (error) => {
      assert.ok(error instanceof InputError, `${error}`);
      assert.equal(error.message, `Cannot read checkpoint "${last}": access is denied`);
      return true;
    });
  }
});

/** Puts other content into the last checkpoint, with hashes that fit. */
function forge(
  { manifest = {}, file, bytes = new Uint8Array() }: {
    readonly manifest?: object;
    readonly file?: string;
    readonly bytes?: Uint8Array;
  },
) {
  const path = join(last, "manifest.json");
  const before = decodeManifest(readFileSync(path), last);
  const written = { bytes: bytes.length, sha256: sha256Of(bytes) };
  const files = file === undefined ? before.files : { ...before.files, [file]: written };
  if (file !== undefined) writeFileSync(join(last, file), bytes);
  writeFileSync(path, encodeManifest({ ...before, files, ...manifest }));
}

Deno.test("newest() reads forged checkpoints that make no sense as damaged ones", async () => {
  const forged = (content: Parameters<typeof forge>[0], why: RegExp) =>
    passesOver(() => forge(content), why);
  const outside = { bytes: 0, sha256: "0".repeat(64) };
  await forged({ manifest: { files: { "../../x": outside } } }, /manifest.*x" is not a known key/);
  await forged({ manifest: { step: -1 } }, /manifest.json is no manifest: "step"/);
  await forged({ manifest: { weights: 3 } }, /manifest.json is no manifest: "weights"/);
  for (const text of ["null", "[]", "\uFEFF{}", "[".repeat(1e5) + "]".repeat(1e5)]) {
    await passesOver(
      () => writeFileSync(join(last, "manifest.json"), text),
      /manifest.json is not (as it was written|JSON)$/,
    );
  }
  await forged({ file: "trunk.safetensors" }, /too few for a safetensors file/);

  const tensors = (...given: [string, StoredTensor][]) =>
    encodeTensors({ tensors: new Map(given), metadata: {} });
  const trunk = (...given: [string, StoredTensor][]) => ({
    file: "trunk.safetensors",
    bytes: tensors(...given),
  });
  await forged(trunk(), /weight "w": it is missing/);
  await forged(trunk(["w", { shape: [3, 2], values: new Float32Array(6) }]), /shape \[2, 3\]/);
  await forged(trunk(["w", { shape: [2, 3], values: new Int32Array(6) }]), /no float32 array/);

  const list = (values: StoredTensor["values"]) => ({ shape: [values.length], values });
  const memory = (...changes: [string, StoredTensor][]) => ({
    file: "memory.safetensors",
    bytes: tensors(...nameMemory(numbered(2).memory ?? []), ...changes),
  });
  await forged(memory(["0/cells", list(new Uint32Array(3))]), /"0\/offsets": it does not divide/);
  await forged(memory(["0/offsets", list(Uint32Array.of(0, 5))]), /"0\/offsets": it does not/);
  await forged(memory(["0/genes", list(new Uint32Array(4).fill(50))]), /a gene beyond the 50/);
  await forged(memory(["0/values", list(new Float32Array(3))]), /"0\/values": it has another/);
  await forged(memory(["0/values", list(new Int32Array(4))]), /"0\/values": it is no Float32Array/);
  await forged(memory(["0/obs/x", list(new Int32Array(2))]), /"0\/obs\/x": it has another length/);
  await forged(memory(["stage", list(new BigInt64Array(2))]), /"offered": it has another length/);
  await forged(
    memory(
      ["stage", list(new BigInt64Array(2))],
      ["offered", list(new BigInt64Array(2))],
    ),
    /"1\/cells": it is missing/,
  );
  await forged(
    memory(
      ["0/cells", list(new Uint32Array(2))],
      ["0/offsets", list(Uint32Array.of(0, 5, 4))],
      ["0/obs/cell_type", list(new Int32Array(2))],
    ),
    /"0\/offsets": it goes back/,
  );
});

Deno.test("newest() refuses a format to come, for which nothing older stands in", async () => {
  forge({ manifest: { format: 2, branches: [] } });
  try {
    await assert.rejects(newest(1), (error) => {
      assert.ok(error instanceof InputError, `${error}`);
      assert.match(error.message, /000002": it has format 2 and this gil reads 1; use the gil/);
      return true;
    });
  } finally {
    rmSync(shelf, { recursive: true });
    cpSync(kept, shelf, { recursive: true });
  }
});
