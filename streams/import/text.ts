/**
 * Text files, plain or gzip, read a block at a time.
 *
 * @module
 */

import { createReadStream, existsSync } from "node:fs";
import { join } from "node:path";
import { createGunzip } from "node:zlib";
import { asInputError } from "./unreadable.ts";

/** The path of the first of `names` that is in the folder, plain or with ".gz"; undefined if none is. */
export function findText(folder: string, names: readonly string[]): string | undefined {
  return names.flatMap((name) => [join(folder, name), join(folder, `${name}.gz`)])
    .find((path) => existsSync(path));
}

/** The bytes of a file, unpacked when its name ends in ".gz". Throws an `InputError`. */
export async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  const file = createReadStream(path, { highWaterMark: 2 ** 18 });
  const stream = path.endsWith(".gz") ? file.pipe(createGunzip({ chunkSize: 2 ** 18 })) : file;
  file.on("error", (cause) => stream.destroy(cause));
  try {
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw asInputError(path, cause);
  } finally {
    stream.destroy();
    file.destroy();
  }
}

/** The lines of a text file without their ends; no line after the last end. */
export async function* linesOf(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of bytesOf(path)) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop()!;
    for (const line of lines) yield line.replace(/\r$/, "");
  }
  rest += decoder.decode();
  if (rest !== "") yield rest.replace(/\r$/, "");
}
