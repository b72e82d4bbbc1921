/**
 * Which files are meant by a path.
 *
 * @module
 */

import { readdirSync, statSync } from "node:fs";
import { InputError } from "../../core/errors.ts";
import { isAddress, joinPlace, pathOf } from "../bytes/place.ts";

/**
 * The files that some places stand for, in their order: a folder stands for the files in it that end in
 * `.parquet`, by name. Throws an `InputError` where one stands for none, and what the file system throws.
 */
export function listFiles(places: readonly string[]): string[] {
  return places.flatMap((place) => {
    if (isAddress(place) || !statSync(pathOf(place)).isDirectory()) return [place];
    const names = readdirSync(pathOf(place)).filter((name) => /^[^.].*\.parquet$/i.test(name));
    if (names.length > 0) return names.sort().map((name) => joinPlace(place, name));
    throw new InputError({
      message: `Cannot read "${place}": no file in it ends in ".parquet"; name the files`,
    });
  });
}
