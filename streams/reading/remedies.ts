/**
 * What would work where reading ends through no fault of the files.
 *
 * @module
 */

import { TOO_LITTLE_MEMORY } from "../parquet/is_damage.ts";
import { DEAD_WORKER } from "./pool/crew.ts";

/** By the name of the fault. */
export const REMEDIES: Readonly<Record<string, string>> = {
  [DEAD_WORKER]: "try again, or read without workers",
  [TOO_LITTLE_MEMORY]: 'allow more "memory", or make "window" or "batch" smaller',
};
