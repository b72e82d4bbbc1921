import { engine } from "../../core/plugin.ts";
import { fp32, opening, stepThreads, threadsOf } from "../../streams/engine/opening.ts";
import { openEngine } from "./native/engine.ts";
import { openKernels } from "./native/kernels.ts";
import { trusted } from "./native/trust.ts";

/** Compiles programs with their gradients to plans that kernels written in C run cell by cell. */
export const native = engine({
  id: "native",
  rank: 3,
  purpose: "runs whole training steps cell by cell in kernels of its own, compiled at first use",
  config: { precision: fp32, threads: stepThreads },
  make: ({ threads }) =>
    opening("native", async () => {
      const kernels = await openKernels();
      await trusted(kernels);
      return openEngine(kernels, threadsOf(threads));
    }),
});
