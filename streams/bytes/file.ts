/**
 * A file as a source of bytes.
 *
 * @module
 */

import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { InputError } from "../../core/errors.ts";
import { explain } from "../explain.ts";
import type { ByteSource } from "./byte_source.ts";

/**
 * Bytes read between two looks at whether the file is still the one that was opened. A look takes 20 µs,
 * as long as reading 130 kB does: at every read it would cost a tenth of the reader's time, at every
 * MiB it costs a two-hundredth.
 */
const LOOK_EVERY = 2 ** 20;

/**
 * Opens a file. Its reads are synchronous inside, as that is quickest in a worker of its own, and few
 * of them look whether the file has changed: the first one, one in every MiB, and any that ends early.
 *
 * @throws InputError where it cannot be opened.
 */
// deno-lint-ignore require-await
export async function openFile(path: string): Promise<ByteSource> {
  const file = openedFile(path), { size, version } = seen(file);
  let closed = false, unseen = LOOK_EVERY;

  function look(): void {
    unseen = 0;
    if (seen(file).version !== version) throw new RangeError("it changed while it was read");
  }
  function fill(into: Uint8Array, from: number): void {
    if (closed) throw new RangeError("it is closed");
    if (!(from >= 0) || from + into.length > size) throw new RangeError(`it ends at byte ${size}`);
    let filled = 0;
    while (filled < into.length) {
      const read = readSync(file, into, filled, into.length - filled, from + filled);
      if (read > 0) {
        filled += read;
        continue;
      }
      look();
      throw new RangeError(`it ends at byte ${from + filled}`);
    }
    unseen += filled;
    if (unseen >= LOOK_EVERY) look();
  }

  return {
    name: path,
    size,
    version,
    // deno-lint-ignore require-await
    async read(into, from) {
      fill(into, from);
    },
    // deno-lint-ignore require-await
    async close() {
      if (!closed) closeSync(file);
      closed = true;
    },
  };
}

function openedFile(path: string): number {
  const doing = `Cannot open "${path}"`;
  try {
    // Asked before it is opened: opening a pipe would wait for somebody to write into it.
    const found = statSync(path);
    if (found.isFile()) return openSync(path, "r");
    const why = found.isDirectory()
      ? "it is a folder; name a file in it"
      : "it is not a file; copy it to one";
    throw new InputError({ message: `${doing}: ${why}` });
  } catch (cause) {
    throw explain(doing, cause) ?? cause;
  }
}

function seen(file: number): Pick<ByteSource, "size" | "version"> {
  const { size, mtimeMs, ino } = fstatSync(file);
  return { size, version: `${size}-${mtimeMs}-${ino}` };
}
