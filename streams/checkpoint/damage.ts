/**
 * What makes a checkpoint unusable without being anybody's wish: the one before it is used.
 *
 * @module
 */

import { Schema } from "effect";
import { InputError } from "../../core/errors.ts";
import { codeOf } from "../explain.ts";

/** A checkpoint is not as it was written; the message says why and names no checkpoint. */
export class Damage extends Schema.TaggedError<Damage>()("Damage", { message: Schema.String }) {}

/** What the operating system says when something is not there, not what it was, or unreadable. */
const LOST: Readonly<Record<string, string>> = {
  EIO: "cannot be read from the disk",
  EISDIR: "is a folder",
  ENOENT: "is missing",
  ENOTDIR: "is missing",
};

/**
 * The damage that an error of the disk means for the file `name`; undefined for errors that are no
 * damage, such as a denied access, which somebody can grant.
 */
export function damageOf(cause: unknown, name: string): Damage | undefined {
  const code = codeOf(cause);
  return Object.hasOwn(LOST, code) ? new Damage({ message: `${name} ${LOST[code]}` }) : undefined;
}

/** Runs `f`; a refusal of what it reads is damage. */
export function orDamage<A>(f: () => A): A {
  try {
    return f();
  } catch (cause) {
    throw cause instanceof InputError ? new Damage({ message: cause.message }) : cause;
  }
}
