import { Schema } from "effect";
import { engine, setting } from "../../core/plugin.ts";
import { opening, stepThreads, threadsOf } from "../../streams/engine/opening.ts";
import { openEngine } from "./native/engine.ts";
import { bestPrecision, kernelsFor, survey } from "./native/kernels.ts";
import { choose } from "./native/precision.ts";
import { trusted } from "./native/trust.ts";

/** Compiles programs with their gradients to plans that kernels written in C run cell by cell. */
export const native = engine({
  id: "native",
  rank: 3,
  purpose: "runs whole training steps cell by cell in kernels of its own, compiled at first use",
  config: {
    precision: setting(
      Schema.Literals(["fp32", "bf16", "auto"]),
      "auto",
      "numbers of matrix products, and of what is saved for gradients; auto is bf16 where the " +
        "processor multiplies it, else fp32",
    ),
    threads: stepThreads,
  },
  make: ({ precision, threads }) =>
    opening("native", async () => {
      const surveyed = await survey();
      const { kernels, notes } = await choose(precision, {
        best: bestPrecision(surveyed),
        async open(precision) {
          const kernels = await kernelsFor(surveyed, precision);
          await trusted(kernels);
          return kernels;
        },
      });
      return { ...openEngine(kernels, threadsOf(threads)), notes };
    }),
});
