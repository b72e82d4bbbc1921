/**
 * Whether what was thrown while a file was decoded is the file's fault.
 *
 * @module
 */

/** Decoders throw RangeErrors where a file is damaged, and so does a machine that is out of memory. */
export const isDamage = (cause: unknown): cause is RangeError =>
  cause instanceof RangeError &&
  !/allocation failed|Invalid typed array length/.test(cause.message);
