/**
 * What plugins of engines have in common: settings, and how they open and close.
 *
 * @module
 */

import { Effect, Schema, type Scope } from "effect";
import { availableParallelism } from "node:os";
import { InputError, RunError } from "../../core/errors.ts";
import type { Engine } from "../../core/model/program.ts";
import { setting } from "../../core/plugin.ts";
import { Positive } from "../../core/quantities.ts";

/** Of engines that multiply in single precision and in nothing else. */
export const fp32 = setting(
  Schema.Literals(["fp32", "auto"]),
  "fp32",
  "numbers of the matrix products",
);

/** A number of threads, or as many as the processor has. */
export const Threads = Schema.Union([
  Schema.Literal("all"),
  Positive,
]);

/** Of engines that divide a step among threads. */
export const stepThreads = setting(
  Threads,
  "all",
  "threads that a step may use; numbers depend on it in the last digits",
);

/** The number of threads that a setting means. */
export const threadsOf = (threads: typeof Threads.Type): number =>
  threads === "all" ? availableParallelism() : threads;

/**
 * An engine for as long as the scope lasts; whatever keeps it from opening is one sentence. Who
 * interrupts it need not wait until it is open.
 */
export const opening = (
  id: string,
  open: () => Engine | Promise<Engine>,
): Effect.Effect<Engine, InputError | RunError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: async (signal) => {
        const engine = await open();
        // Nobody else would close it.
        if (signal.aborted) await engine.close();
        return engine;
      },
      catch: (error) =>
        error instanceof InputError || error instanceof RunError ? error : new InputError({
          message: `Cannot open the engine "${id}": ${(error as Error).message}`,
        }),
    }),
    (engine) => Effect.promise(() => engine.close()),
    { interruptible: true },
  );
