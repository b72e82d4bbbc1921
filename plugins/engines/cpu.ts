import { Effect } from "effect";
import { engine } from "../../core/plugin.ts";
import { eagerEngine } from "../../streams/engine/eager.ts";

/** Runs programs operation by operation in plain JavaScript: slow, and the oracle of all engines. */
export const cpu = engine({
  id: "cpu",
  purpose: "runs every operation in plain JavaScript: slow, for checking other engines",
  config: {},
  make: () =>
    Effect.acquireRelease(
      Effect.sync(() => eagerEngine("cpu (fp32, plain JavaScript)", "cpu")),
      (engine) => Effect.promise(() => engine.close()),
    ),
});
