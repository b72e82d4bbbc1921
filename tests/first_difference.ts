/**
 * Comparisons that name the first difference instead of printing two matrices.
 *
 * @module
 */

import { AssertionError } from "node:assert/strict";

/** How far two numbers may be apart: `absolute + relative · |expected|`. */
export interface Tolerance {
  readonly relative?: number;
  readonly absolute?: number;
}

/** Throws at the first place where two values differ: bit for bit, NaN equal to NaN, 0 not to -0. */
export function assertSame(actual: unknown, expected: unknown): void {
  refuse(firstDifference(actual, expected, "", Object.is));
}

/** Throws at the first place where two numbers are further apart than the tolerance. */
export function assertClose(actual: unknown, expected: unknown, tolerance: Tolerance): void {
  const { relative = 0, absolute = 0 } = tolerance;
  refuse(
    firstDifference(
      actual,
      expected,
      "",
      (a, b) =>
        Object.is(a, b) || (typeof a === "number" && typeof b === "number" &&
          Math.abs(a - b) <= absolute + relative * Math.abs(b)),
    ),
  );
}

type Agree = (a: unknown, b: unknown) => boolean;

/** Where and how the two first differ, or undefined. Lists compare by elements, whatever their type. */
function firstDifference(a: unknown, b: unknown, path: string, agree: Agree): string | undefined {
  if (!isTree(a) || !isTree(b)) {
    return agree(a, b) ? undefined : `${path || "value"}: ${brief(a)} instead of ${brief(b)}`;
  }
  if (a instanceof Map || a instanceof Set) return firstDifference([...a], b, path, agree);
  if (b instanceof Map || b instanceof Set) return firstDifference(a, [...b], path, agree);
  if (isList(a) !== isList(b)) return `${path || "value"}: ${brief(a)} instead of ${brief(b)}`;
  if (isList(a) && isList(b)) {
    if (a.length !== b.length) return `${path}.length: ${a.length} instead of ${b.length}`;
    for (let i = 0; i < a.length; i++) {
      // The plain comparison first: a path is built only on the way to a difference.
      if (!isTree(a[i]) && agree(a[i], b[i])) continue;
      const found = firstDifference(a[i], b[i], `${path}[${i}]`, agree);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  const left = a as Record<string, unknown>, right = b as Record<string, unknown>;
  for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const found = firstDifference(left[name], right[name], `${path}.${name}`, agree);
    if (found !== undefined) return found;
  }
  return undefined;
}

const isTree = (x: unknown): x is object => typeof x === "object" && x !== null;

const isList = (x: object): x is ArrayLike<unknown> & object =>
  Array.isArray(x) || (ArrayBuffer.isView(x) && !(x instanceof DataView));

function brief(x: unknown): string {
  if (isTree(x)) return isList(x) ? `a list of ${x.length}` : "an object";
  return Object.is(x, -0) ? "-0" : String(x).slice(0, 80);
}

function refuse(difference: string | undefined): void {
  if (difference !== undefined) throw new AssertionError({ message: difference });
}
