/**
 * Numbers as people read them.
 *
 * @module
 */

/** A whole number, "12,345". */
export const count = (n: number): string => n.toLocaleString("en");

/** A number of things, "1 cell" or "12 cells". */
export const counted = (n: number, one: string, many = `${one}s`): string =>
  `${count(n)} ${n === 1 ? one : many}`;

/** A number with three digits after the point at most. */
export const number = (value: number): string =>
  value.toLocaleString("en", { maximumFractionDigits: 3 });

/** A size in the unit that leaves one to three digits before the point. */
export function bytesInWords(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  return `${(bytes / 1000 ** power).toPrecision(3)} ${units[power]}`;
}
