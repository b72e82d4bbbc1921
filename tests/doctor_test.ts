import { Cause, Effect, Exit } from "effect";
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InputError, RunError } from "../core/errors.ts";
import { engine } from "../core/plugin.ts";
import { cpu, onnx, transformer } from "../plugins/mod.ts";
import { cacheInWords } from "../streams/doctor/cache_in_words.ts";
import { enginesInWords } from "../streams/doctor/engines_in_words.ts";
import { examineEngines, trusted } from "../streams/doctor/examine.ts";
import { cpuEngine } from "../streams/engine/eager.ts";
import { withFolder } from "./atlas_folder.ts";

const absent = engine({
  id: "absent",
  purpose: "is not here",
  rank: 9,
  config: {},
  make: () => Effect.fail(new InputError({ message: "Cannot find it: install it" })),
});

const sentenceOf = (exit: Exit.Exit<unknown, Error>): string =>
  Exit.isFailure(exit) ? (Cause.squash(exit.cause) as Error).message : "";

/** Plain JavaScript whose gradients are a little too large. */
const wrong = engine({
  id: "wrong",
  purpose: "computes something else",
  rank: 3,
  config: {},
  make: () =>
    Effect.sync(() => {
      const inner = cpuEngine();
      return {
        ...inner,
        allocate: (layout, use) => {
          const state = inner.allocate(layout, use);
          return Object.assign(state, {
            read: ((read) => async (buffer) => (await read(buffer)).map((g) => g * 1.001))(
              state.read,
            ) as typeof state.read,
          });
        },
      };
    }),
});

/** Plain JavaScript that gives up at its first step. */
const failing = engine({
  id: "failing",
  purpose: "cannot go on",
  rank: 2,
  config: {},
  make: () =>
    Effect.succeed({
      ...cpuEngine(),
      optimise: () => Promise.reject(new RunError({ message: "Cannot optimise: it is lost" })),
    }),
});

Deno.test("examineEngines() goes on behind an engine that fails when it is tried", async () => {
  const found = await Effect.runPromise(examineEngines({ transformer, cpu, failing }));
  assert.deepEqual(found[0], {
    id: "failing",
    available: false,
    reason: "Cannot optimise: it is lost",
  });
  assert.equal(found[1].available, true);
});

Deno.test("examineEngines() tries every engine, and tells which are wrong or missing", async () => {
  const found = await Effect.runPromise(examineEngines({ transformer, cpu, onnx, absent, wrong }));
  assert.deepEqual(found.map(({ id, available }) => [id, available]), [
    ["absent", false],
    ["wrong", true],
    ["onnx", true],
    ["cpu", true],
  ]);
  const there = found.filter((one) => one.available);
  assert.deepEqual(there.map(({ agrees }) => agrees), [false, true, true]);
  assert.ok(there.every(({ speed }) => speed > 0 && Number.isFinite(speed)));
  assert.ok(there[1].difference > 0 && there[1].difference < 1e-5);
  assert.equal(there[2].difference, 0);

  const text = enginesInWords(found, 80).join("\n");
  assert.match(text, /^absent +– +– +Cannot find it: install it$/m);
  assert.match(text, /^wrong .*computes something\s+else, do not use it$/m);
  assert.match(text, /^onnx +[\d,]+ +\de-\d+ +onnx \(fp32/m);
  assert.match(
    sentenceOf(await Effect.runPromiseExit(trusted(found))),
    /^Cannot trust engine "wrong"/,
  );
  await Effect.runPromise(trusted(found.filter(({ id }) => id !== "wrong")));
  for (const columns of [80, 60, 40]) {
    const lines = enginesInWords(found, columns);
    assert.ok(lines.every((line) => line.length <= columns));
    assert.ok(lines.length < 40, `${lines.length} lines of ${columns} columns`);
  }
});

Deno.test("cacheInWords() tells where the cache is, what it holds and which library is used", () =>
  withFolder((folder) => {
    mkdirSync(join(folder, "atlas-1"));
    writeFileSync(join(folder, "atlas-1", "shard"), new Uint8Array(2_000_000));
    writeFileSync(join(folder, "kernels-1.so"), new Uint8Array(400_000));
    const found = {
      name: "native (fp32)",
      precision: "fp32",
      device: "processor",
      threads: 2,
      available: true,
      chosen: true,
      speed: 1,
      difference: 0,
      agrees: true,
    } as const;
    const findings = [
      { ...found, id: "native", library: join(folder, "kernels-1.so") },
      { ...found, id: "onnx" },
      { id: "absent", available: false, reason: "Cannot find it" },
    ] as const;
    const said = (folder: string) => cacheInWords(findings, 1000, folder).join("\n");
    assert.equal(
      said(folder),
      `\nThe cache folder ${folder} holds 2 MB in 2 files, all of which can be made again. ` +
        '"native" uses kernels-1.so.',
    );
    assert.match(said(join(folder, "nowhere")), /nowhere holds nothing, all of which/);
    assert.match(
      said(join(folder, "kernels-1.so")),
      /kernels-1.so cannot be read: a part of the path is not a folder\. /,
    );
    return Promise.resolve();
  }));
