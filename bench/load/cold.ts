/**
 * Files out of the page cache.
 *
 * @module
 */

/** `POSIX_FADV_DONTNEED` on Linux: its pages may be forgotten. */
const DONT_NEED = 4;

const libc = Deno.build.os === "linux"
  ? Deno.dlopen("libc.so.6", {
    posix_fadvise: { parameters: ["i32", "i64", "i64", "i32"], result: "i32" },
    open: { parameters: ["buffer", "i32"], result: "i32" },
    fdatasync: { parameters: ["i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
  }).symbols
  : undefined;

/**
 * Writes what is not on the disk yet and asks the system to forget the pages of files; it keeps those
 * that some program maps.
 *
 * @throws Error where the system does not offer it.
 */
export function forget(files: readonly string[]): void {
  if (!libc) throw new Error("Cannot read from cold files: only Linux is asked to forget pages");
  for (const path of files) {
    const file = libc.open(new TextEncoder().encode(`${path}\0`), 0);
    if (file < 0) throw new Error(`Cannot open "${path}" to have its pages forgotten`);
    libc.fdatasync(file);
    const failed = libc.posix_fadvise(file, 0n, 0n, DONT_NEED);
    libc.close(file);
    if (failed !== 0) throw new Error(`Cannot have the pages of "${path}" forgotten: ${failed}`);
  }
}
