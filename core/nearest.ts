/**
 * Names close to a word that nobody knows, for messages that say what would work.
 *
 * @example Offer the closest column
 * ```ts
 * import { nearest, suggest } from "gil";
 *
 * console.assert(nearest("cel_type", ["batch", "cell_type"])[0] === "cell_type");
 * console.assert(suggest("cel_type", ["batch", "cell_type"]) === 'did you mean "cell_type"?');
 * ```
 *
 * @module
 */

/**
 * The up to three known names that are the fewest edits away from `word`, nearest first, equally
 * near ones in the order given. An edit inserts, drops or replaces a character or swaps two
 * neighbours; upper and lower case are the same. A name more than a third of the word's length away
 * (two edits for short words) is not near.
 */
export function nearest(word: string, known: Iterable<string>): string[] {
  const wanted = word.toLowerCase();
  const limit = Math.max(2, Math.floor(wanted.length / 3));
  const near: { readonly name: string; readonly edits: number }[] = [];
  for (const name of known) {
    if (Math.abs(name.length - word.length) > limit) continue;
    const edits = editDistance(wanted, name.toLowerCase());
    // A name that shares no character with the word is never what was meant.
    if (edits <= limit && edits < Math.max(word.length, name.length)) near.push({ name, edits });
  }
  return near.sort((a, b) => a.edits - b.edits).slice(0, 3).map(({ name }) => name);
}

/** The end of a message about an unknown word: the nearest names, or else the first few known ones. */
export function suggest(word: string, known: readonly string[]): string {
  const near = nearest(word, known).map((name) => `"${name}"`);
  if (near.length > 0) return `did you mean ${near.join(" or ")}?`;
  if (known.length === 0) return "there is none";
  const shown = known.slice(0, 5).map((name) => `"${name}"`).join(", ");
  return `known are ${shown}${known.length > 5 ? ` and ${known.length - 5} more` : ""}`;
}

/** Edits between two words: optimal string alignment, the restricted Damerau–Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let older: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(replaced, last[j] + 1, row[j - 1] + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j], older[j - 2] + 1);
      }
    }
    older = last;
    last = row;
  }
  return last[b.length];
}
