/**
 * In which numbers the kernels multiply here.
 *
 * @module
 */

import { InputError } from "../../../core/errors.ts";
import type { Precision } from "../../../core/model/program.ts";
import type { Kernels } from "./kernels.ts";

/** Kernels that are believed, and what a reader should know: sentences without full stops. */
export interface Chosen {
  readonly kernels: Kernels;
  readonly notes: readonly string[];
}

/**
 * The kernels of a precision. For "auto" they are those of the best, or of fp32 where these fail, with
 * the reason as a note.
 *
 * @param means The best precision; what opens kernels and tries them.
 */
export async function choose(
  asked: Precision | "auto",
  { best, open }: {
    readonly best: Precision;
    readonly open: (precision: Precision) => Promise<Kernels>;
  },
): Promise<Chosen> {
  if (asked !== "auto") {
    const kernels = await open(asked);
    return { kernels, notes: kernels.inHardware ? [] : [slow(kernels)] };
  }
  try {
    return { kernels: await open(best), notes: [] };
  } catch (error) {
    if (best === "fp32" || !(error instanceof InputError)) throw error;
    return { kernels: await open("fp32"), notes: [error.message] };
  }
}

const slow = ({ precision, level }: Kernels): string =>
  `Engine "native" is not faster in ${precision} here: the processor (${level}) has neither AMX nor ` +
  "AVX512-BF16, and multiplies floats";
