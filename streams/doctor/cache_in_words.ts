/**
 * What is kept on this machine that can be made again, as lines to read.
 *
 * @module
 */

import { readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { bytesInWords } from "../../core/report/amount_of_memory.ts";
import { wrap } from "../../core/report/wrap.ts";
import { cacheFolder } from "../reading/cached_atlas.ts";
import type { Finding } from "./examine.ts";

/** Where the cache folder is, what it holds, and which libraries in it the engines use. */
export function cacheInWords(
  findings: readonly Finding[],
  columns: number,
  folder: string = cacheFolder(),
): string[] {
  const held = sizesIn(folder), total = held.reduce((sum, size) => sum + size, 0);
  const used = findings.flatMap((found) =>
    found.available && found.library !== undefined
      ? [` "${found.id}" uses ${basename(found.library)}.`]
      : []
  );
  const what = held.length === 0
    ? "nothing"
    : `${bytesInWords(total)} in ${held.length.toLocaleString("en")} files`;
  return [
    "",
    ...wrap(
      `The cache folder ${folder} holds ${what}, all of which can be made again.` + used.join(""),
      0,
      columns,
    ),
  ];
}

/** Bytes of each file in a folder; none where there is no such folder. */
function sizesIn(folder: string): number[] {
  try {
    return readdirSync(folder, { recursive: true }).flatMap((name) => {
      const found = statSync(join(folder, String(name)), { throwIfNoEntry: false });
      return found?.isFile() ? [found.size] : [];
    });
  } catch {
    return [];
  }
}
