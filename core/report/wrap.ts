/**
 * Text in lines.
 *
 * @module
 */

/**
 * Breaks text at spaces into lines of at most `columns` characters; a longer word stands alone.
 * The first line keeps its own indentation, the others get `indent` spaces.
 */
export function wrap(text: string, indent: number, columns: number): string[] {
  const lines: string[] = [];
  let line = /^ */.exec(text)![0];
  let empty = true;
  for (const word of text.trim().split(/(?<= )(?=[^ ])/)) {
    if (!empty && line.length + word.trimEnd().length > columns) {
      lines.push(line.trimEnd());
      line = " ".repeat(indent);
    }
    line += word;
    empty = false;
  }
  return [...lines, line.trimEnd()];
}

/** The text with a capital letter at its beginning. */
export const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);
