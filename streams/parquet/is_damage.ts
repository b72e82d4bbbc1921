/**
 * Whether what was thrown while a file was decoded is the file's fault.
 *
 * @module
 */

/** Name of what is thrown where reading takes more memory than it may, whatever is in the file. */
export const TOO_LITTLE_MEMORY = "TooLittleMemory";

/** An error of that name. */
export const tooLittleMemory = (why: string): Error =>
  Object.assign(new Error(why), { name: TOO_LITTLE_MEMORY });

/** Decoders throw RangeErrors where a file is damaged, and so does a machine that is out of memory. */
export const isDamage = (cause: unknown): cause is RangeError =>
  cause instanceof RangeError &&
  !/allocation failed|Invalid typed array length/.test(cause.message);
