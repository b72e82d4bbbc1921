/**
 * In which numbers `native` multiplies, and what it says of that.
 *
 * @module
 */

import { Effect } from "effect";
import assert from "node:assert/strict";
import { InputError } from "../core/errors.ts";
import type { EngineUse } from "../core/experiment.ts";
import { openKernels } from "../plugins/engines/native/kernels.ts";
import { choose } from "../plugins/engines/native/precision.ts";
import { cpu, native } from "../plugins/mod.ts";
import { openEngines } from "../streams/engine/choose.ts";
import { withNative } from "./native_opened.ts";

const opened = (use: EngineUse) =>
  Effect.runPromise(
    openEngines({ cpu, native }, use, 1).pipe(
      Effect.map(({ engines: [{ name, precision }], use, notes }) => ({
        name,
        precision,
        use,
        notes,
      })),
      Effect.scoped,
    ),
  );

await withNative(() => {
  Deno.test("native() multiplies in the precision that is asked for, and says when that is no gain", async () => {
    const here = await openKernels(undefined, "bf16");
    const exact = await opened({ use: "native", precision: "fp32", threads: 1 });
    assert.match(exact.name, /^native \(fp32, .*, 1 thread\)$/);
    assert.deepEqual([exact.precision, exact.notes], ["fp32", []]);
    const rounded = await opened({ use: "native", precision: "bf16", threads: 1 });
    assert.equal(rounded.name, `native (bf16, ${here.level}, 1 thread)`);
    assert.equal(rounded.precision, "bf16");
    assert.equal(rounded.notes.length, here.inHardware ? 0 : 1);
    if (!here.inHardware) {
      assert.match(rounded.notes[0], /is not faster in bf16 here: .* nor AVX512-BF16/);
    }
  });

  Deno.test("native() decides by the processor unless asked, and what it decided opens it again", async () => {
    const { inHardware } = await openKernels(undefined, "bf16"),
      best = inHardware ? "bf16" : "fp32";
    for (const use of [{ use: "native" }, { use: null }] as const) {
      const { precision, use: resolved, notes } = await opened({ ...use, threads: 1 });
      assert.equal(precision, best);
      assert.deepEqual(resolved, { use: "native", threads: 1, precision: best });
      assert.deepEqual(notes, []);
      assert.equal((await opened(resolved)).precision, best);
    }
  });

  Deno.test("choose() falls back to fp32 where bf16 was not asked for, saying why", async () => {
    const exact = await openKernels(), tried: string[] = [];
    const failing = (best: "fp32" | "bf16", reason: Error) => ({
      best,
      open(precision: "fp32" | "bf16") {
        tried.push(precision);
        return precision === best ? Promise.reject(reason) : Promise.resolve(exact);
      },
    });
    const reason = new InputError({ message: "Cannot trust bf16: it is only a test" });
    assert.deepEqual(await choose("auto", failing("bf16", reason)), {
      kernels: exact,
      notes: [reason.message],
    });
    assert.deepEqual(tried.splice(0), ["bf16", "fp32"]);
    await assert.rejects(() => choose("bf16", failing("bf16", reason)), reason);
    const mistake = new TypeError("x is not a function");
    await assert.rejects(() => choose("auto", failing("bf16", mistake)), mistake);

    // A compiler that fails is not asked again.
    tried.splice(0);
    await assert.rejects(() => choose("auto", failing("fp32", reason)), reason);
    assert.deepEqual(tried, ["fp32"]);
  });
});
