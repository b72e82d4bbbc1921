/**
 * What becomes of a file of which a bit is another.
 *
 * @module
 */

import { ok } from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { Cause, Effect, Exit } from "effect";
import { InputError } from "../core/errors.ts";

/** Which bytes are changed, one at a time: those `step` apart among the last `bytes`. */
export interface Ends {
  readonly bytes: number;
  readonly step: number;
}

/**
 * The messages with which `read` refuses a file that has another bit near its end; throws where it fails
 * in any way but with an `InputError`. The file is whole again afterwards.
 */
export async function refusalsOfFlippedEnds(
  file: string,
  { bytes, step }: Ends,
  read: Effect.Effect<unknown, unknown>,
): Promise<string[]> {
  const whole = readFileSync(file), messages: string[] = [];
  for (let back = 1; back < bytes; back += step) {
    const damaged = Uint8Array.from(whole);
    damaged[whole.length - back] ^= 1 << back % 8;
    writeFileSync(file, damaged);
    const exit = await Effect.runPromiseExit(read);
    if (Exit.isSuccess(exit)) continue;
    const error = Cause.squash(exit.cause);
    ok(error instanceof InputError, `byte ${back} from the end: ${error}`);
    messages.push(error.message);
  }
  writeFileSync(file, whole);
  return messages;
}
