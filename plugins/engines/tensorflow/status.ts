/**
 * What TensorFlow says when it fails, as a sentence.
 *
 * @module
 */

import { RunError } from "../../../core/errors.ts";
import { type Pointer, textAt } from "../../../streams/platform.ts";
import type { Api } from "./api.ts";
import { named } from "./text.ts";

/** Where functions write whether they succeeded; one a process, reused. */
export interface Status {
  readonly api: Api;
  readonly pointer: Pointer;
}

/** What would help, by the code of tensorflow/core/protobuf/error_codes.proto. */
const HELP: Readonly<Record<number, string>> = {
  /** RESOURCE_EXHAUSTED */
  8: "use smaller batches or fewer genes a cell",
  /** UNIMPLEMENTED */
  12: 'use device "cpu" or another engine',
  /** INTERNAL, which is how a GPU fails */
  13: "if this was a GPU, see whether nvidia-smi still lists it, and start again",
  /** UNAVAILABLE */
  14: "if this was a GPU, see whether nvidia-smi still lists it, and start again",
};

const OK = 0, NOTHING = named("");

/** A status that says that all is well. */
export const newStatus = (api: Api): Status => ({ api, pointer: api.TF_NewStatus() });

/**
 * Returns `result` if the status says that all is well.
 *
 * @param action What was asked for: "run MatMul".
 * @throws RunError otherwise; the status can be used again.
 */
export function check<A>({ api, pointer }: Status, action: string, result: A): A {
  const code = api.TF_GetCode(pointer);
  if (code === OK) return result;
  const said = plain(textAt(api.TF_Message(pointer))), help = HELP[code];
  api.TF_SetStatus(pointer, OK, NOTHING);
  throw new RunError({
    message: `Cannot ${action} with TensorFlow: ${said}${help ? `; ${help}` : ""}`,
  });
}

/** The first line, without the names that TensorFlow gives to operations and, in full, to devices. */
const plain = (message: string): string =>
  message.split("\n")[0]
    .replace(/\{\{[^}]*\}\}\s*/g, "")
    .replace(/\s*\[Op:\w+\]/g, "")
    .replace(/\/job:\S*\/device:/g, "")
    .trim();
