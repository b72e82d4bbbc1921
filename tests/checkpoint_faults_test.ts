import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import fc from "fast-check";
import { InputError } from "../core/errors.ts";
import { type Disk, localDisk } from "../streams/checkpoint/disk.ts";
import { openCheckpoints } from "../streams/checkpoint/store.ts";
import { withFolder } from "./atlas_folder.ts";
import { bitsOf, identityOf, layout, numbered } from "./checkpoint_bookmarks.ts";
import { assertSame } from "./first_difference.ts";
import { forgetfulDisk } from "./forgetful_disk.ts";

const identity = identityOf(layout);

/** What a write fails with, which must be one sentence of ours; undefined when it succeeds. */
async function failure(writing: Promise<void>): Promise<string | undefined> {
  const error = await writing.then(() => undefined, (error) => error);
  if (error === undefined) return undefined;
  assert.ok(error instanceof InputError, `${error?.stack}`);
  assert.match(error.message, /^Cannot (write|read|remove) checkpoints? "[^"]+": [^\n]+[^.\n]$/);
  return error.message;
}

/** A disk with something that happens before each of its operations, counted from 0. */
function disturbed(
  disk: Disk,
  before: (operation: number, half: () => Promise<void>) => Promise<void>,
): Disk {
  let operation = 0;
  const nothing = () => Promise.resolve();
  const first = <A>(f: () => Promise<A>, half = nothing) => before(operation++, half).then(f);
  const { makeFolder, write, syncFolder, rename, names, read, remove } = disk;
  return {
    makeFolder: (path) => first(() => makeFolder(path)),
    write: (path, bytes) =>
      first(() => write(path, bytes), () => write(path, bytes.subarray(0, bytes.length / 2))),
    syncFolder: (path) => first(() => syncFolder(path)),
    rename: (from, to) => first(() => rename(from, to)),
    names: (folder) => first(() => names(folder)),
    read: (path) => first(() => read(path)),
    remove: (path) => first(() => remove(path)),
  };
}

const injected = (code: string) => Object.assign(new Error(`${code}: injected`), { code });

/** More operations than one write makes. */
const OPERATIONS = 25;

Deno.test("write() fails in one sentence at any operation and leaves the earlier ones as they were", () =>
  fc.assert(
    fc.asyncProperty(
      fc.nat(OPERATIONS),
      fc.constantFrom("ENOSPC", "EIO", "EACCES", "EPERM", "EROFS", "ENOENT", "EDQUOT", "EMFILE"),
      fc.constantFrom("once", "from then on"),
      async (place, code, times) => {
        const disk = forgetfulDisk(Infinity), healthy = openCheckpoints("/", identity, { disk });
        for (const i of [1, 2, 3]) await healthy.write(numbered(i));
        const faulty = disturbed(disk, async (operation, half) => {
          if (times === "once" ? operation !== place : operation < place) return;
          if (code === "ENOSPC") await half();
          throw injected(operation === place ? code : "EBUSY");
        });
        const { write } = openCheckpoints("/", identity, { disk: faulty });
        const message = await failure(write(numbered(4))), written = message === undefined;
        // A shelf that is not there is no failure.
        if (code !== "ENOENT") assert.doesNotMatch(message ?? "", /EBUSY/, "not the first failure");

        const found = await openCheckpoints("/", identity, { disk }).newest(1);
        const last = found?.bookmark?.step ?? 0;
        assert.ok(written ? last === 4 : last === 3 || last === 4, `${last} after ${written}`);
        assertSame(bitsOf(found?.bookmark), bitsOf(numbered(last)));
        for (const note of found?.notes ?? []) assert.match(note, /it was not finished$/);

        await healthy.write(numbered(5));
        assert.equal((await healthy.newest(1))?.bookmark?.step, 5);
        const names = await disk.names("/seed-1");
        assert.ok(names.length === 3 && names.every((name) => /^\d{6}$/.test(name)), `${names}`);
      },
    ),
    { numRuns: 400 },
  ));

Deno.test("write() ends when its folder is deleted at any moment, and can write again", () =>
  fc.assert(
    fc.asyncProperty(fc.nat(OPERATIONS), (place) =>
      withFolder(async (above) => {
        const folder = join(above, "run");
        await openCheckpoints(folder, identity).write(numbered(1));
        let gone = false, number = 1;
        const disk = disturbed(localDisk, async (operation) => {
          if (operation !== place) return;
          await rm(folder, { recursive: true });
          gone = true;
        });
        const { write, newest } = openCheckpoints(folder, identity, { disk });
        while (!gone) await failure(write(numbered(++number)));
        await write(numbered(++number));
        assertSame(bitsOf((await newest(1))?.bookmark), bitsOf(numbered(number)));
      })),
    { numRuns: 15 },
  ));

/** Writes numbered checkpoints until the power goes, and returns the number of the last. */
async function writeOn(disk: Disk, keep: number): Promise<number> {
  const { write } = openCheckpoints("/checkpoints", identity, { disk, keep });
  for (let number = 1;; number++) {
    try {
      await write(numbered(number));
    } catch (error) {
      assert.match(`${error}`, /the power is gone/);
      return number - 1;
    }
  }
}

const moment = fc.integer({ min: 1, max: 90 });

Deno.test("what write() has written survives a power cut at any later moment", () =>
  fc.assert(
    fc.asyncProperty(
      moment,
      fc.infiniteStream(fc.boolean()),
      fc.integer({ min: 1, max: 2 }),
      async (operations, fates, keep) => {
        const cut = forgetfulDisk(operations), written = await writeOn(cut, keep);
        const disk = cut.afterPowerCut(() => fates.next().value);
        const { write, newest } = openCheckpoints("/checkpoints", identity, { disk });
        const found = await newest(1), last = found?.bookmark?.step ?? 0;
        assert.ok(last === written || last === written + 1, `${last} of ${written}`);
        if (last > 0) assertSame(bitsOf(found?.bookmark), bitsOf(numbered(last)));
        for (const note of found?.notes ?? []) assert.match(note, /it was not finished$/);
        await write(numbered(6));
        assert.equal((await newest(1))?.bookmark?.step, 6);
      },
    ),
    { numRuns: 400 },
  ));

Deno.test("write() leaves nothing but sound checkpoints when the process ends at any moment", () =>
  fc.assert(
    fc.asyncProperty(moment, async (operations) => {
      const ended = forgetfulDisk(operations), written = await writeOn(ended, 2);
      const disk = ended.afterPowerCut(() => true);
      const wholes = async () =>
        (await disk.names("/checkpoints/seed-1")).filter((name) => /^\d+$/.test(name)).sort();
      if (written === 0) return;
      assert.ok((await wholes()).length >= Math.min(written, 2));
      for (let names = await wholes(); names.length > 0; names = await wholes()) {
        const { newest } = openCheckpoints("/checkpoints", identity, { disk });
        const { bookmark, notes } = await newest(1) ?? { notes: [] };
        assert.equal(bookmark?.step, Number(names.at(-1)), notes.join());
        await disk.remove(`/checkpoints/seed-1/${names.at(-1)}`);
      }
    }),
    { numRuns: 150 },
  ));

/** A small disk of its own, where the machine lets one be made. */
function smallDisk(): string | undefined {
  const path = mkdtempSync(join(tmpdir(), "gil-small-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=128k", "tmpfs", path], { stdio: "ignore" });
    return path;
  } catch {
    rmSync(path, { recursive: true });
    return undefined;
  }
}

Deno.test("write() meets a full disk, and one that is read-only, with the last checkpoint usable", async (t) => {
  const path = smallDisk();
  if (path === undefined) {
    await t.step({ name: "skipped: no disk can be mounted here", ignore: true, fn: () => {} });
    return;
  }
  try {
    const { write, newest } = openCheckpoints(path, identity, { keep: 100 });
    let written = 0;
    const fails = async (why: RegExp) => {
      for (; written < 50; written++) {
        const error = await write(numbered(written + 1, 1000)).then(() => undefined, (e) => e);
        if (error === undefined) continue;
        assert.ok(error instanceof InputError, `${error}`);
        assert.match(error.message, why);
        break;
      }
      const found = await newest(1);
      assertSame(bitsOf(found?.bookmark), bitsOf(numbered(written, 1000)));
      assertSame(found?.notes, []);
    };
    await fails(/^Cannot write checkpoint "[^"]+": the disk is full$/);
    assert.ok(written > 0);
    execFileSync("mount", ["-o", "remount,ro", path]);
    await fails(/^Cannot write checkpoint "[^"]+": the disk is read-only$/);
    execFileSync("mount", ["-o", "remount,rw", path]);
    rmSync(join(path, "seed-1", "000001"), { recursive: true });
    await write(numbered(++written, 1000));
    assert.equal((await newest(1))?.bookmark?.step, written);
  } finally {
    execFileSync("umount", [path]);
    rmSync(path, { recursive: true });
  }
});

Deno.test("write() and newest() say that access is denied", async (t) => {
  if (process.getuid?.() === 0 || process.platform === "win32") {
    await t.step({ name: "skipped: root may write anywhere", ignore: true, fn: () => {} });
    return;
  }
  await withFolder(async (folder) => {
    const { write, newest } = openCheckpoints(folder, identity), shelf = join(folder, "seed-1");
    await write(numbered(1));
    const denied = (path: string, attempt: () => Promise<unknown>) => {
      chmodSync(path, path === shelf ? 0o500 : 0o000);
      return assert.rejects(attempt(), /^InputError: Cannot .*: access is denied$/)
        .finally(() => chmodSync(path, 0o700));
    };
    await denied(shelf, () => write(numbered(2)));
    await denied(join(shelf, "000001", "manifest.json"), () => newest(1));
    assert.equal((await newest(1))?.bookmark?.step, 1);
  });
});

Deno.test("write() does not take a file for a folder", () =>
  withFolder(async (folder) => {
    writeFileSync(join(folder, "seed-1"), "");
    const { write, newest } = openCheckpoints(folder, identity);
    assert.match(await failure(write(numbered(1))) ?? "", /a part of the path is not a folder$/);
    await assert.rejects(newest(1), /Cannot read checkpoints "[^"]+": a part of the path is not/);
  }));
