/**
 * The values of one page: PLAIN, differences, or codes of a dictionary.
 *
 * @module
 */

import { deltaNumbers } from "./delta.ts";
import { decodeDeltaQuickly } from "./delta_kernel.ts";
import type { Findings } from "./findings.ts";
import { decodeHybridInto } from "./hybrid.ts";
import type { Leaf } from "./leaf.ts";
import { lookUpInto } from "./look_up.ts";
import * as encoding from "./page_header.ts";
import { type Page, viewOf } from "./pages.ts";
import { moveInto, type Numbers, plainNumbers, sizeOf, splitNumbers } from "./plain.ts";

/** How the numbers of a page are to be read, and where to note what is found in them. */
export interface Reading<A extends Numbers> {
  readonly leaf: Leaf;
  readonly dictionary: A | undefined;
  readonly findings?: Findings | undefined;
  /** Values before the first that is wanted; only where `canSkip` says so. */
  readonly skip?: number;
}

/** Fills `out` with the numbers of a page; adds to the findings, or makes them NaN. */
export function decodeValuesInto<A extends Numbers>(
  out: A,
  page: Page,
  { leaf, dictionary, findings, skip = 0 }: Reading<A>,
): void {
  const { body } = page, count = out.length;
  if (
    page.encoding === encoding.DELTA_BINARY_PACKED &&
    decodeDeltaQuickly(out, body, { leaf, findings })
  ) return;
  if (findings) findings.count = NaN;
  switch (page.encoding) {
    case encoding.PLAIN: {
      const wanted = skip > 0 ? body.subarray(skip * sizeOf(leaf)) : body;
      return moveInto(out, plainNumbers(wanted, leaf, count));
    }
    case encoding.DELTA_BINARY_PACKED:
      if (leaf.type !== "INT32" && leaf.type !== "INT64") break;
      return moveInto(out, deltaNumbers(body, leaf, count));
    case encoding.RLE_DICTIONARY:
    case encoding.PLAIN_DICTIONARY:
      if (!dictionary) throw new RangeError("a page needs a dictionary that is missing");
      return lookUpInto(out, body, { dictionary, skip });
    case encoding.BYTE_STREAM_SPLIT:
      return moveInto(out, splitNumbers(body, leaf, count));
    case encoding.RLE:
      if (leaf.type !== "BOOLEAN") break;
      return moveInto(out, truths(body, count));
  }
  throw new RangeError(`a page has the encoding ${page.encoding}, which its column does not`);
}

/** Whether values of a page can be decoded without those before them. */
export const canSkip = (page: Page, { type }: Leaf): boolean =>
  page.encoding === encoding.PLAIN ? type !== "BOOLEAN" : isCoded(page);

/** Whether the values of a page are codes of a dictionary. */
export const isCoded = (page: Page): boolean =>
  page.encoding === encoding.RLE_DICTIONARY || page.encoding === encoding.PLAIN_DICTIONARY;

/** The dictionary of a page as an array like `out`. */
export function dictionaryLike<A extends Numbers>(out: A, page: Page, leaf: Leaf): A {
  const kind = out.constructor as new (length: number) => A;
  // Before there is room for them: a page may claim values that it does not have.
  const stored = plainNumbers(page.body, leaf, page.values);
  const dictionary = new kind(page.values);
  moveInto(dictionary, stored);
  return dictionary;
}

/** Runs of 0 and 1 behind their length. */
function truths(body: Uint8Array, count: number): Uint8Array {
  const out = new Uint8Array(count);
  if (count > 0) decodeHybridInto(out, body.subarray(4), 1);
  return out;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The PLAIN texts `from … to - 1` of those that `bytes` hold, each behind its length; none before them is decoded. */
export function plainTexts(bytes: Uint8Array, from: number, to: number): string[] {
  const view = viewOf(bytes), texts: string[] = [];
  for (let text = 0, at = 0; text < to; text++) {
    if (at + 4 > bytes.length) throw new RangeError("a page ends before its last text");
    const length = view.getUint32(at, true);
    if (at + 4 + length > bytes.length) throw new RangeError("a text runs past its page");
    if (text >= from) texts.push(textOf(bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return texts;
}

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new RangeError("a text is not UTF-8");
  }
}
