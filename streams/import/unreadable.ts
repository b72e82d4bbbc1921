/**
 * One sentence for whatever stops a file from being read.
 *
 * @module
 */

import { Effect } from "effect";
import { InputError } from "../../core/errors.ts";

/** The error that says why a file or folder cannot be read. */
export function unreadable(path: string, why: string): InputError {
  return new InputError({ message: `Cannot read "${path}": ${why}` });
}

/** Turns whatever reading threw into the sentence a user sees; input errors stay as they are. */
export function asInputError(path: string, cause: unknown): InputError {
  if (cause instanceof InputError) return cause;
  return unreadable(path, reasonOf(cause));
}

/** Runs code that reads and may throw; a programming error stays one. */
export function tryReading<A>(
  path: string,
  read: () => A | Promise<A>,
): Effect.Effect<A, InputError> {
  return Effect.tryPromise({ try: async () => await read(), catch: (cause) => cause }).pipe(
    Effect.catch((cause) =>
      cause instanceof TypeError || cause instanceof ReferenceError
        ? Effect.die(cause)
        : Effect.fail(asInputError(path, cause))
    ),
  );
}

/** Why an operating-system, zlib or HDF5 error happened, as a clause. */
export function reasonOf(cause: unknown): string {
  const code = (cause as { code?: string } | null)?.code;
  if (cause instanceof WebAssembly.RuntimeError) {
    return "it is damaged: the library that reads it breaks off";
  }
  const text = cause instanceof Error ? cause.message : String(cause);
  if (code === "ENOENT") return "there is no such file";
  if (code === "EISDIR") return "it is a folder";
  if (code === "EACCES" || code === "EPERM") return "reading it is not permitted";
  if (code === "Z_BUF_ERROR") return "it is truncated: the gzip stream ends too early";
  if (code?.startsWith("Z_")) return `it is not a sound gzip file (${text})`;
  const cut = text.match(/truncated file: eof = (\d+).*stored_eof = (\d+)/);
  if (cut) return `it is truncated: ${cut[1]} of ${cut[2]} bytes are there`;
  if (text.startsWith("HDF5-DIAG")) {
    const last = text.trim().split("\n").findLast((line) => /^\s*#\d+/.test(line)) ?? "";
    return `it is damaged (${last.replace(/^.*\): /, "").trim()})`;
  }
  return text.split("\n")[0];
}
