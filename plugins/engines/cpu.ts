import { Effect, Schema } from "effect";
import { engine, setting } from "../../core/plugin.ts";
import { cpuEngine } from "../../streams/engine/eager.ts";

/** Runs programs operation by operation in plain JavaScript: slow, and the oracle of all engines. */
export const cpu = engine({
  id: "cpu",
  purpose: "runs every operation in plain JavaScript: slow, for checking other engines",
  rank: 1,
  config: {
    precision: setting(Schema.Literals(["fp32"]), "fp32", "numbers of the matrix products"),
  },
  make: () =>
    Effect.acquireRelease(
      Effect.sync(() => cpuEngine()),
      (engine) => Effect.promise(() => engine.close()),
    ),
});
