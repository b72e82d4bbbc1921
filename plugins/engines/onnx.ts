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
  rank: 2,
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
        try: () => open(threads === "all" ? availableParallelism() : threads),
        catch: (error) =>
          error instanceof InputError ? error : new InputError({
            message: `Cannot open the engine "onnx": ${(error as Error).message}`,
          }),
      }),
      (engine) => Effect.promise(() => engine.close()),
    ),
});

// Asynchronous, so that a library that is missing is a rejection like any other.
const open = async (threads: number) => await openEngine(openRuntime(threads), threads);
