/**
 * Bytes that are fetched when they are asked for, in the shape of a `Blob`.
 *
 * @module
 */

/** Fetches the bytes `from … to - 1`. */
export type Fetch = (from: number, to: number) => Promise<ArrayBuffer>;

/** As much of a blob as parquet-wasm uses: it asks for no instance, only for these. */
export function rangeBlob(fetch: Fetch, from: number, to: number): Blob {
  const size = to - from;
  const within = (at: number) => Math.min(Math.max(at < 0 ? size + at : at, 0), size);
  const blob: Pick<Blob, "size" | "type" | "slice" | "arrayBuffer"> = {
    size,
    type: "",
    slice(start = 0, end = size) {
      const first = within(start), last = Math.max(first, within(end));
      return rangeBlob(fetch, from + first, from + last);
    },
    arrayBuffer: () => fetch(from, to),
  };
  return blob as Blob;
}
