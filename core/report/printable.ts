/**
 * Names and texts that come from data, made fit for a line that people read.
 *
 * @module
 */

/**
 * What a terminal would take for a command, what ends a line, and what turns the direction of others
 * around; characters that only join or shape letters are not among them.
 */
const OBEYED = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** The line with "�" in the place of each such character, as long as it was. */
export const printable = (line: string): string => line.replace(OBEYED, "\ufffd");

/** The same of a text that has ends of lines of its own, as one line. */
export const printableText = (text: string): string => printable(text.replace(/\r?\n/g, " "));
