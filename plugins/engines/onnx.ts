import { availableParallelism } from "node:os";
import { Effect, Schema } from "effect";
import { InputError } from "../../core/errors.ts";
import { engine, setting } from "../../core/plugin.ts";
import { openEngine } from "./onnx/engine.ts";
import { openRuntime } from "./onnx/runtime.ts";

/** Compiles programs with their gradients and runs them with ONNX Runtime on the processor. */
export const onnx = engine({
  id: "onnx",
  purpose: "compiles whole training steps and runs them with ONNX Runtime on the processor",
  config: {
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
          await openEngine(openRuntime(), threads === "all" ? availableParallelism() : threads),
        catch: (error) =>
          error instanceof InputError ? error : new InputError({
            message: `Cannot open the engine "onnx": ${(error as Error).message}`,
          }),
      }),
      (engine) => Effect.promise(() => engine.close()),
    ),
});
