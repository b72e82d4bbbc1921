/**
 * Where two pieces of JSON first differ.
 *
 * @module
 */

/** A place that differs, and what each has there; undefined where one has nothing. */
export interface Difference {
  readonly path: readonly string[];
  readonly there: unknown;
  readonly here: unknown;
}

/** The first key, in the order of `here`, at which two pieces of plain JSON differ. */
export function firstDifference(
  there: unknown,
  here: unknown,
  path: readonly string[] = [],
): Difference | undefined {
  if (Object.is(there, here)) return undefined;
  if (!isTree(there) || !isTree(here) || Array.isArray(there) !== Array.isArray(here)) {
    return { path, there, here };
  }
  for (const key of new Set([...Object.keys(here), ...Object.keys(there)])) {
    const found = firstDifference(own(there, key), own(here, key), [...path, key]);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The plain JSON that `value` comes to on disk, the keys of each object sorted. */
export function canonical(value: unknown): unknown {
  const text = JSON.stringify(value, (_, part) => isTree(part) ? sorted(part) : part);
  return text === undefined ? null : JSON.parse(text);
}

/** In words: `"training.rate" is 0.001 there and 0.002 here`. */
export function tellDifference({ path, there, here }: Difference): string {
  const where = path.length > 0 ? `"${path.join(".")}"` : "it";
  return `${where} is ${brief(there)} there and ${brief(here)} here`;
}

type Tree = Readonly<Record<string, unknown>>;

const isTree = (x: unknown): x is Tree => typeof x === "object" && x !== null;

const own = (tree: Tree, key: string): unknown => Object.hasOwn(tree, key) ? tree[key] : undefined;

const sorted = (tree: Tree): Tree =>
  Array.isArray(tree)
    ? tree
    : Object.fromEntries(Object.entries(tree).sort(([a], [b]) => a < b ? -1 : 1));

/** A value in at most 60 characters. */
function brief(value: unknown): string {
  if (value === undefined) return "absent";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
