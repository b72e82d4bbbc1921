/**
 * Where the pages of one column in one row group lie, found by walking from header to header where no
 * offset index tells it: of each page, no more than its levels is unpacked.
 *
 * @module
 */

import type { ByteSource } from "../bytes/byte_source.ts";
import { isAddress } from "../bytes/place.ts";
import type { Chunk } from "./chunk.ts";
import { readRun } from "./hybrid.ts";
import { isDamage } from "./is_damage.ts";
import { DATA, DATA_V2, type PageHeader, RLE } from "./page_header.ts";
import type { PageIndex } from "./page_index.ts";
import { readHeader, viewOf } from "./pages.ts";
import { unpackStart } from "./unpack_start.ts";

/** What an offset index tells, and what it need not tell: rows may begin in one page and end in another. */
export interface PageMap extends PageIndex {
  /** 1 at each page that begins within the row before. */
  readonly inside: Uint8Array;
  /** Bytes of each page once unpacked. */
  readonly unpacked: Float64Array;
  /** Why nothing is known of the rows behind those of the pages, where the chunk has more. */
  readonly fault?: string;
}

/** Bytes that are read at once: from a file, little more than headers; from an address, many pages. */
const HEAD = 2 ** 16, FROM_ADDRESS = 2 ** 23;

/**
 * Walks the pages of a chunk, whose codec `unpackPage` knows.
 *
 * @throws RangeError where its pages are not what its footer says.
 */
export async function mapPages(bytes: ByteSource, chunk: Chunk): Promise<PageMap> {
  const pages: Walked[] = [];
  await walk(bytes, chunk, pages);
  return mapOf(pages, chunk.rows);
}

/** As `mapPages`, up to the first damage: the map has the pages before it, as far as their rows end there. */
export async function mapSoundPages(bytes: ByteSource, chunk: Chunk): Promise<PageMap> {
  const pages: Walked[] = [];
  try {
    await walk(bytes, chunk, pages);
    return mapOf(pages, chunk.rows);
  } catch (cause) {
    if (!isDamage(cause)) throw cause;
    // What begins in the last page may go on in the one that is damaged.
    let last = pages.length - 1;
    while (last > 0 && pages[last].inside) last--;
    const rows = pages[last]?.row ?? 0;
    return { ...mapOf(pages.slice(0, Math.max(0, last)), rows), fault: cause.message };
  }
}

/** Adds the pages of a chunk to `pages`, one after another. */
async function walk(bytes: ByteSource, chunk: Chunk, pages: Walked[]): Promise<void> {
  const step = isAddress(bytes.name) ? FROM_ADDRESS : HEAD, read = slidingWindow(bytes, step);
  const end = chunk.start + chunk.bytes;
  let rows = 0;
  for (let at = chunk.start; at < end;) {
    const head = await read(at, Math.min(HEAD, end - at)), cursor = { bytes: head, at: 0 };
    const header = readHeader(cursor, chunk, end - at), body = at + cursor.at;
    const next = body + header.packed;
    if ((header.kind === DATA || header.kind === DATA_V2) && header.values > 0) {
      const begun = await beginnings(header, chunk, (length) => read(body, length));
      if (pages.length === 0 && begun.inside) {
        throw new RangeError("the first list has no beginning");
      }
      if (!(begun.rows >= 0 && rows + begun.rows <= chunk.rows)) {
        throw new RangeError(`there are more than ${chunk.rows} rows`);
      }
      pages.push({ at, size: next - at, row: rows, unpacked: header.unpacked, ...begun });
      rows += begun.rows;
    }
    at = next;
  }
  if (rows !== chunk.rows) throw new RangeError(`there are ${rows} rows instead of ${chunk.rows}`);
}

/** The map of a chunk of which no page can be found. */
export const noPages = (fault: string): PageMap => ({ ...mapOf([], 0), fault });

const mapOf = (pages: readonly Walked[], rows: number): PageMap => ({
  offsets: Float64Array.from(pages, ({ at }) => at),
  sizes: Float64Array.from(pages, ({ size }) => size),
  rows: Float64Array.from([...pages.map(({ row }) => row), rows]),
  inside: Uint8Array.from(pages, ({ inside }) => inside ? 1 : 0),
  unpacked: Float64Array.from(pages, ({ unpacked }) => unpacked),
});

interface Walked {
  readonly at: number;
  readonly size: number;
  /** Rows that begin before it. */
  readonly row: number;
  readonly inside: boolean;
  readonly unpacked: number;
}

/** Reads bytes a window at a time; what is given is overwritten by the next call. */
function slidingWindow(file: ByteSource, step: number) {
  let window = new Uint8Array(step), start = 0, held = 0;
  return async (from: number, length: number): Promise<Uint8Array> => {
    if (from < start || from + length > start + held) {
      if (window.length < length) window = new Uint8Array(2 * length);
      start = from;
      held = Math.min(Math.max(step, length), file.size - from);
      await file.read(window.subarray(0, held), from);
    }
    return window.subarray(from - start, from - start + length);
  };
}

/** What is known of the rows of a page. */
interface Begun {
  /** How many begin in it. */
  readonly rows: number;
  readonly inside: boolean;
}

/** The rows that begin in a page, of which `read` gives the first bytes behind its header. */
async function beginnings(
  header: PageHeader,
  { leaf, codec }: Chunk,
  read: (length: number) => Promise<Uint8Array>,
): Promise<Begun> {
  const { kind, values, packed } = header;
  if (!leaf.lists) return { rows: values, inside: false };
  if (kind === DATA_V2) return { rows: header.rows, inside: false };
  if (header.repetitionEncoding !== RLE) {
    throw new RangeError("its levels are encoded in no known way");
  }
  // Levels behind the length of their bytes; more and more of a page until they are there.
  for (let length = Math.min(HEAD, packed);; length = Math.min(4 * length, packed)) {
    const raw = await read(length), head = unpackStart(raw, codec, 4);
    const end = head.length < 4 ? Infinity : 4 + viewOf(head).getUint32(0, true);
    const start = end <= head.length ? head : unpackStart(raw, codec, end);
    if (end <= start.length) return countBegun(start.subarray(4, end), values);
    if (length === packed) throw new RangeError("a page ends within its levels");
  }
}

/** Counts the levels of zero among `values` levels of one bit. */
function countBegun(bytes: Uint8Array, values: number): Begun {
  const cursor = { bytes, at: 0 };
  let rows = 0, inside = false;
  for (let value = 0; value < values;) {
    const run = readRun(cursor, 1), length = Math.min(values - value, run.length);
    if (value === 0) inside = (run.value ?? bytes[cursor.at] & 1) === 1;
    if (run.value !== undefined) rows += run.value === 0 ? length : 0;
    else {
      if (cursor.at + Math.ceil(length / 8) > bytes.length) {
        throw new RangeError("levels run past the end of their page");
      }
      for (let bit = 0; bit < length; bit += 8) {
        const here = length - bit < 8 ? (1 << length - bit) - 1 : 255;
        rows += ONES[~bytes[cursor.at + (bit >> 3)] & here];
      }
    }
    cursor.at += run.bytes;
    value += length;
  }
  return { rows, inside };
}

/** Bits that are set in each byte. */
const ONES = Uint8Array.from(
  { length: 256 },
  (_, byte) => byte.toString(2).replaceAll("0", "").length,
);
