/**
 * Engines that are given up before they are open.
 *
 * @module
 */

import { Effect, Fiber } from "effect";
import assert from "node:assert/strict";
import { cpuEngine } from "../streams/engine/eager.ts";
import { opening } from "../streams/engine/opening.ts";

Deno.test("opening() ends when it is interrupted, and closes what opens after that", async () => {
  const begun = Promise.withResolvers<void>(), opened = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>(), engine = cpuEngine();
  const slow = opening("slow", async () => {
    begun.resolve();
    await opened.promise;
    return { ...engine, close: () => engine.close().then(closed.resolve) };
  });
  const fiber = Effect.runFork(Effect.scoped(slow));
  await begun.promise;
  // An opening that cannot be interrupted is never over: it is opened only then.
  await Effect.runPromise(Fiber.interrupt(fiber));
  opened.resolve();
  await closed.promise;
  await assert.rejects(() => Effect.runPromise(Fiber.join(fiber)));
});

Deno.test("opening() closes an engine once, when its scope ends", async () => {
  const engine = cpuEngine();
  let closings = 0;
  const counted = opening("counted", () => ({
    ...engine,
    close() {
      closings++;
      return engine.close();
    },
  }));
  const during = await Effect.runPromise(Effect.scoped(Effect.map(counted, () => closings)));
  assert.deepEqual([during, closings], [0, 1]);
});
