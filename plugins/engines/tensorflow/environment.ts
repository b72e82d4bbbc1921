/**
 * What TensorFlow and the GPU's libraries read from the environment when they are loaded.
 *
 * @module
 */

import process from "node:process";

const VARIABLES: Readonly<Record<string, string>> = {
  // Only what ends the process is logged: everything else comes back as a status.
  TF_CPP_MIN_LOG_LEVEL: "3",
  // A GPU that adds up in any order gives other last digits every time.
  TF_DETERMINISTIC_OPS: "1",
  // TF32 keeps 10 of 23 bits of each factor, and so gradients would not be those of other engines.
  NVIDIA_TF32_OVERRIDE: "0",
};

/** Sets the variables that nobody has set; to be called before the library is loaded. */
export function prepareEnvironment(
  variables: Record<string, string | undefined> = process.env,
): void {
  for (const [name, value] of Object.entries(VARIABLES)) variables[name] ??= value;
}
