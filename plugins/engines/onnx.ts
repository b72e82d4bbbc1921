import { engine } from "../../core/plugin.ts";
import { fp32, opening, stepThreads, threadsOf } from "../../streams/engine/opening.ts";
import { openEngine } from "./onnx/engine.ts";
import { openRuntime } from "./onnx/runtime.ts";

/** Compiles programs with their gradients and runs them with ONNX Runtime on the processor. */
export const onnx = engine({
  id: "onnx",
  purpose: "compiles whole training steps and runs them with ONNX Runtime on the processor",
  rank: 2,
  config: { precision: fp32, threads: stepThreads },
  make: ({ threads }) =>
    opening("onnx", () => {
      const count = threadsOf(threads);
      return openEngine(openRuntime(count), count);
    }),
});
