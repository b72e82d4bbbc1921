/**
 * What is kept on this machine that can be made again, as lines to read.
 *
 * @module
 */

import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { bytesInWords } from "../../core/report/amount_of_memory.ts";
import { wrap } from "../../core/report/wrap.ts";
import { explain } from "../explain.ts";
import { cacheFolder } from "../reading/cached_atlas.ts";
import type { Finding } from "./examine.ts";

/** Where the cache folder is, what it holds, and which libraries in it the engines use. */
export function cacheInWords(
  findings: readonly Finding[],
  columns: number,
  folder: string = cacheFolder(),
): string[] {
  const used = findings.flatMap((found) =>
    found.available && found.library !== undefined
      ? [` "${found.id}" uses ${basename(found.library)}.`]
      : []
  );
  const told = `The cache folder ${folder} ${contentOf(folder)}.${used.join("")}`;
  return ["", ...wrap(told, 0, columns)];
}

/** What a folder holds, as a clause. */
function contentOf(folder: string): string {
  try {
    const sizes = existsSync(folder) ? sizesIn(folder) : [], files = sizes.length;
    const total = bytesInWords(sizes.reduce((sum, size) => sum + size, 0));
    const what = files === 0
      ? "nothing"
      : `${total} in ${files.toLocaleString("en")} ${files === 1 ? "file" : "files"}`;
    return `holds ${what}, all of which can be made again`;
  } catch (cause) {
    const known = explain("cannot be read", cause);
    if (known) return known.message;
    throw cause;
  }
}

/** Bytes of each file in a folder; one that goes meanwhile counts nothing. */
function sizesIn(folder: string): number[] {
  return readdirSync(folder, { recursive: true }).flatMap((name) => {
    const found = statSync(join(folder, String(name)), { throwIfNoEntry: false });
    return found?.isFile() ? [found.size] : [];
  });
}
