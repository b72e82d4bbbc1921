import { Cause, Effect, Exit } from "effect";
import assert from "node:assert/strict";
import { InputError } from "../core/errors.ts";
import { engine } from "../core/plugin.ts";
import { cpu, onnx, transformer } from "../plugins/mod.ts";
import { enginesInWords } from "../streams/doctor/engines_in_words.ts";
import { examineEngines, trusted } from "../streams/doctor/examine.ts";
import { cpuEngine } from "../streams/engine/eager.ts";

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
  assert.ok(enginesInWords(found, 80).every((line) => line.length <= 80));
});
