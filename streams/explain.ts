/**
 * What the file system throws, as a sentence.
 *
 * Loaded by decode workers too, so nothing here loads Effect.
 *
 * @module
 */

import { InputError } from "../core/errors.ts";

/** What the operating system's words mean, for the ones that people meet. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: "access is denied",
  EBUSY: "it is in use, or a mount point",
  EDQUOT: "no space on the disk is left to you",
  EEXIST: "it exists already",
  EIO: "the disk fails to read or write it",
  EISDIR: "it is a folder",
  EMFILE: "too many files are open",
  ENOENT: "there is no such file or folder",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of the path is not a folder",
  ENOTEMPTY: "the folder is not empty",
  EPERM: "it is not permitted",
  EROFS: "the disk is read-only",
};

/** The operating system's word for something thrown, such as "ENOENT"; "" where it has none. */
export const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause ? String(cause.code) : "";

/** The `InputError` for something thrown by the file system, or thrown as one; else undefined. */
export function explain(doing: string, cause: unknown): InputError | undefined {
  if (cause instanceof InputError) return cause;
  const code = codeOf(cause);
  // System calls fail with E… codes; Node's own ERR_… codes are a caller's mistakes.
  if (!/^E[A-Z0-9]+$/.test(code)) return undefined;
  return new InputError({ message: `${doing}: ${REASONS[code] ?? (cause as Error).message}` });
}
