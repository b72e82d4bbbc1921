/**
 * Amounts of memory as people write and read them.
 *
 * @module
 */

import { ExperimentError } from "../errors.ts";

/** Bytes in words that a setting may have: "512MB", "2GB", "1.5 GiB". */
export function bytesOf(words: string): number {
  const found = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?\s*$/i.exec(words);
  if (!found) {
    throw new ExperimentError({
      message: `Cannot read memory "${words}": write a number and a unit, such as "2GB"`,
    });
  }
  const [, number, unit, binary] = found;
  return Number(number) * (binary ? 1024 : 1000) ** " kmgt".indexOf(unit.toLowerCase() || " ");
}

/** A number of bytes in words, "1.9 GB". */
export function bytesInWords(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(bytes) / 3)));
  return `${(bytes / 1000 ** power).toFixed(power < 3 ? 0 : 1)} ${units[power]}`;
}
