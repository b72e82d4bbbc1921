import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { withFolder } from "./atlas_folder.ts";
import { assertSame } from "./first_difference.ts";
import { leftIn } from "./resume_lives.ts";
import { assertSentence, gil, untilTold, writeExperiment } from "./resume_process.ts";

const every = ["--checkpoint-every", "5 steps"];

/** Whether a command works here. */
function works(command: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Removes a folder into which somebody writes meanwhile. */
function remove(folder: string): void {
  for (let left = 100;; left--) {
    try {
      return rmSync(folder, { recursive: true });
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}

Deno.test("gil run stops in one sentence when somebody deletes its folder", () =>
  withFolder(async (above) => {
    const experiment = await writeExperiment(above), folder = join(above, "run");
    const life = gil(["run", experiment, "--output", folder, ...every]);
    await untilTold(folder, life, 3000);
    remove(folder);
    const { code, err } = await life.ended;
    assert.equal(code, 1);
    assertSentence(
      err,
      /^Cannot .*": (somebody has removed it; begin|there is no such file or folder)/,
    );
    const again = gil(["run", experiment, "--output", folder]);
    assert.equal((await again.ended).code, 0, again.err());
  }));

/** What takes from a process the right to write anywhere that root has; undefined where nothing does. */
function withoutRights(): readonly string[] | undefined {
  if (process.getuid?.() !== 0) return process.platform === "win32" ? undefined : [];
  const wrapper = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"];
  return works(wrapper[0], wrapper[1], "true") ? wrapper : undefined;
}

Deno.test("gil says that access is denied, before a run and in the midst of one", async (t) => {
  const wrapper = withoutRights();
  if (wrapper === undefined) {
    await t.step({ name: "skipped: root may write anywhere", ignore: true, fn: () => {} });
    return;
  }
  await withFolder(async (above) => {
    const experiment = await writeExperiment(above), locked = join(above, "locked");
    mkdirSync(locked, { mode: 0o500 });
    const output = join(locked, "run"), denied = /^Cannot .* ".*": access is denied$/;
    const never = await gil(["run", experiment, "--output", output], wrapper).ended;
    assert.equal(never.code, 1);
    assertSentence(never.err, denied);

    const folder = join(above, "run"), shelf = join(folder, "checkpoints", "seed-1");
    const life = gil(["run", experiment, "--output", folder, ...every], wrapper);
    await untilTold(folder, life, 3000);
    chmodSync(shelf, 0o500);
    const { code, err } = await life.ended;
    assert.equal(code, 1);
    assertSentence(err, denied);

    const checkpoint = join(shelf, readdirSync(shelf).sort().at(-1)!);
    chmodSync(checkpoint, 0o000);
    const unread = await gil(["resume", folder], wrapper).ended;
    assert.equal(unread.code, 1);
    assertSentence(unread.err, denied);

    [shelf, checkpoint].forEach((path) => chmodSync(path, 0o700));
    const last = await gil(["resume", folder], wrapper).ended, whole = join(above, "whole");
    assert.equal(last.code, 0, last.err);
    await gil(["run", experiment, "--output", whole]).ended;
    assertSame(leftIn(folder), leftIn(whole));
  });
});

Deno.test("gil stops in one sentence on a full disk, and goes on when there is space", async (t) => {
  await withFolder(async (above) => {
    const disk = join(above, "disk"), folder = join(disk, "run");
    mkdirSync(disk);
    if (!works("mount", "-t", "tmpfs", "-o", "size=140k", "tmpfs", disk)) {
      await t.step({ name: "skipped: no disk can be mounted here", ignore: true, fn: () => {} });
      return;
    }
    try {
      const experiment = await writeExperiment(above);
      let { code, err } = await gil(["run", experiment, "--output", folder, ...every]).ended;
      assert.notEqual(code, 0, "the disk was large enough");
      for (let size = 160; code !== 0; size += 160) {
        assert.equal(code, 1, err);
        assertSentence(
          err,
          /^Cannot write (checkpoint|events|file|run|weights|memory) ".*": the disk is full$/,
        );
        assert.ok(size < 1600, "it is never enough");
        execFileSync("mount", ["-o", `remount,size=${size}k`, disk]);
        ({ code, err } = await gil(["resume", folder, ...every]).ended);
      }
      const whole = join(above, "whole");
      await gil(["run", experiment, "--output", whole]).ended;
      assertSame(leftIn(folder), leftIn(whole));
    } finally {
      execFileSync("umount", [disk]);
    }
  });
});
