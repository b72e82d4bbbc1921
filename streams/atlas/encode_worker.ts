/**
 * A worker that encodes row groups, one after the other.
 *
 * @module
 */

import type { EncodedPage } from "../parquet/encode_page.ts";
import { type EncodedGroup, encodedGroup, type EncodeTask, memoryOf } from "./group_encoder.ts";

/** What a worker sees of whoever started it. */
const starter = self as unknown as {
  onmessage: (message: MessageEvent<EncodeTask>) => void;
  postMessage(answer: EncodedGroup, moved: ArrayBuffer[]): void;
};

starter.onmessage = ({ data: { layout, group, room } }) => {
  const encoded = encodedGroup(layout, group);
  const pages = encoded.chunks.flatMap(({ dictionary, pages }) =>
    dictionary ? [dictionary, ...pages] : pages
  );
  const size = pages.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const used = size <= room.byteLength ? room : room.transfer(Math.ceil(1.05 * size));
  let end = 0;
  // All pages move together: what they were views of may be larger, and is used again here.
  const placed = (page: EncodedPage): EncodedPage => {
    const bytes = new Uint8Array(used, end, page.bytes.length);
    bytes.set(page.bytes);
    end += bytes.length;
    return { ...page, bytes };
  };
  const chunks = encoded.chunks.map((chunk) => ({
    ...chunk,
    dictionary: chunk.dictionary && placed(chunk.dictionary),
    pages: chunk.pages.map(placed),
  }));
  starter.postMessage({ ...encoded, chunks, room: used }, [...memoryOf(group), used]);
};
