import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import fc from "fast-check";
import { withFolder } from "./atlas_folder.ts";
import { assertSame } from "./first_difference.ts";
import { leftIn } from "./resume_lives.ts";
import { assertSentence, gil, untilTold, writeExperiment } from "./resume_process.ts";

Deno.test("gil resume comes to the same bytes after kills at random, SIGINT and SIGTERM", () =>
  withFolder(async (above) => {
    const experiment = await writeExperiment(above);
    const undisturbed = join(above, "undisturbed"), folder = join(above, "disturbed");
    const { code, err } = await gil(["run", experiment, "--output", undisturbed]).ended;
    assert.equal(code, 0, err);

    const kills = fc.sample(
      fc.record({
        bytes: fc.nat(12_000),
        delay: fc.nat(20),
        steps: fc.integer({ min: 1, max: 40 }),
      }),
      4,
    );
    const signals = [...kills.map(() => "SIGKILL" as const), "SIGINT", "SIGTERM"] as const;
    let begun = false;
    for (const [i, signal] of signals.entries()) {
      const { bytes, delay, steps } = kills[i] ?? { bytes: 5_000, delay: 3, steps: 100 };
      const every = ["--checkpoint-every", `${steps} steps`];
      const life = gil(
        begun ? ["resume", folder, ...every] : ["run", experiment, "--output", folder, ...every],
      );
      await untilTold(folder, life, 1 + bytes);
      await setTimeout(delay);
      life.child.kill(signal);
      const { code, err } = await life.ended;
      if (code === 0) break; // it was over before
      begun = true;
      if (signal === "SIGKILL") {
        assert.equal(code, "SIGKILL", err);
        continue;
      }
      // A code of 128 and more may be told as the signal that it stands for.
      assert.ok(code === 130 || code === signal, `${code}: ${err}`);
      assertSentence(err, /^Interrupted$/);
    }
    const last = await gil(["resume", folder]).ended;
    if (last.code !== 0) assertSentence(last.err, /it holds a run that finished; gil table shows/);
    assertSame(leftIn(folder), leftIn(undisturbed));
  }));

Deno.test("gil lets one process at a time into a folder, and the next as soon as it is killed", () =>
  withFolder(async (above) => {
    const training = { batch: 8, epochs: 300, rate: 1e-3, warmup: 0 };
    const experiment = await writeExperiment(above, { training }), folder = join(above, "run");
    const every = ["--checkpoint-every", "20 steps"];
    const first = gil(["run", experiment, "--output", folder, ...every]);
    await untilTold(folder, first, 3000);
    const [run, resume] = await Promise.all([
      gil(["run", experiment, "--output", folder]).ended,
      gil(["resume", folder]).ended,
    ]);
    assert.equal(run.code, 1);
    assertSentence(
      run.err,
      /^Cannot write run ".*": it holds a run that has not finished; "gil resume /,
    );
    assert.equal(resume.code, 1);
    assertSentence(resume.err, /^Cannot use run ".*": another process works in it; wait for it to/);
    assert.equal(first.child.exitCode, null, "the first one lives");

    first.child.kill("SIGKILL");
    await first.ended;
    const next = gil(["resume", folder, ...every]);
    await untilTold(folder, next, 3000);
    assert.equal(next.child.exitCode, null, next.err());
    next.child.kill("SIGTERM");
    assertSentence((await next.ended).err, /^Interrupted$/);
  }));

Deno.test("gil run leaves alone what another process has begun, or finished, since it looked", () =>
  withFolder(async (above) => {
    const experiment = await writeExperiment(above), folder = join(above, "run");
    const both = [1, 2].map(() => gil(["run", experiment, "--output", folder]));
    const ended = await Promise.all(both.map(({ ended }) => ended));
    const codes = ended.map(({ code }) => code).sort();
    assertSame(codes, [0, 1]);
    assertSentence(
      ended.find(({ code }) => code === 1)?.err ?? "",
      /another process works in it|it holds a run that/,
    );
    const alone = join(above, "alone");
    assert.equal((await gil(["run", experiment, "--output", alone]).ended).code, 0);
    assertSame(leftIn(folder), leftIn(alone));
  }));
