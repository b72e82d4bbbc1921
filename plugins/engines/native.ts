import { Effect, Schema } from "effect";
import { InputError } from "../../core/errors.ts";
import { engine, setting } from "../../core/plugin.ts";
import { openEngine } from "./native/engine.ts";
import { allThreads, openKernels } from "./native/kernels.ts";

/** Compiles programs with their gradients to plans that kernels written in C run cell by cell. */
export const native = engine({
  id: "native",
  purpose: "runs whole training steps cell by cell in kernels of its own, compiled at first use",
  config: {
    precision: setting(Schema.Literals(["fp32"]), "fp32", "numbers of the matrix products"),
    threads: setting(
      Schema.Union([Schema.Literal("all"), Schema.Int.check(Schema.isGreaterThan(0))]),
      "all",
      "threads that a step may use; numbers depend on it in the last digits",
    ),
  },
  make: ({ threads }) =>
    Effect.acquireRelease(
      Effect.tryPromise({
        try: async () =>
          openEngine(await openKernels(), threads === "all" ? allThreads() : threads),
        catch: (error) =>
          error instanceof InputError ? error : new InputError({
            message: `Cannot open the engine "native": ${(error as Error).message}`,
          }),
      }),
      (engine) => Effect.promise(() => engine.close()),
    ),
});
