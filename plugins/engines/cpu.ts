import { engine } from "../../core/plugin.ts";
import { cpuEngine } from "../../streams/engine/eager.ts";
import { fp32, opening } from "../../streams/engine/opening.ts";

/** Runs programs operation by operation in plain JavaScript: slow, and the oracle of all engines. */
export const cpu = engine({
  id: "cpu",
  purpose: "runs every operation in plain JavaScript: slow, for checking other engines",
  rank: 1,
  config: { precision: fp32 },
  make: () => opening("cpu", cpuEngine),
});
