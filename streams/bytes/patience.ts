/**
 * Trying again: how often, and how long to wait in between.
 *
 * @module
 */

import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { derive, keyOf, type Random, stream } from "../../core/random.ts";

/** How long to go on with what fails; all times in milliseconds. */
export interface Patience {
  /** Attempts in all. */
  readonly attempts: number;
  /** The first pause is at most so long, the next twice that. */
  readonly first: number;
  /** No pause is longer; whoever asks for a longer one is not waited for. */
  readonly longest: number;
  /** An attempt ends when less than 1 kB has come in such a time. */
  readonly silence: number;
  /** Ends after so many milliseconds, or fails when `signal` is aborted. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** Where the pauses are drawn from. */
  readonly random: Random;
}

/**
 * The patience that a person has with a server. Pauses differ from process to process and from purpose to
 * purpose, as those who were turned away together should not come back together; nothing that is read
 * depends on them.
 */
export function patient(purpose: string): Patience {
  return {
    attempts: 5,
    first: 250,
    longest: 30_000,
    silence: 20_000,
    wait: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal }),
    random: stream(derive(keyOf(process.pid), purpose)),
  };
}

/** What made an attempt fail, and may have passed when the next one is made. */
export interface Fault {
  readonly fault: string;
  /** Milliseconds that should pass before. */
  readonly after?: number;
}

/** Whether an attempt has failed. */
export const isFault = (result: object): result is Fault => "fault" in result;

/**
 * Attempts until there is a result, and gives the last fault where there is none. Pauses are drawn from
 * zero to a limit that doubles ("full jitter": Brooker, "Exponential backoff and jitter", 2015).
 *
 * @throws What an attempt throws, at once; and what `signal` is aborted with.
 */
export async function persist<A extends object>(
  patience: Patience,
  signal: AbortSignal,
  attempt: () => Promise<A | Fault>,
): Promise<A | Fault> {
  for (let made = 1;; made++) {
    const result = await attempt();
    if (!isFault(result) || made >= patience.attempts) return result;
    const { first, longest, random } = patience, { after = 0 } = result;
    if (after > longest) return result;
    const limit = Math.min(longest, first * 2 ** (made - 1));
    await patience.wait(Math.max(after, Math.ceil(random.uniform() * limit)), signal).catch(
      (cause) => {
        throw signal.aborted ? signal.reason : cause;
      },
    );
  }
}
