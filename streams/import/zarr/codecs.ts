/**
 * What unpacks the chunks of a zarr store: no further than the metadata says, and checked where there
 * is a checksum.
 *
 * @module
 */

import { gunzipSync, inflateSync, zstdDecompressSync } from "node:zlib";
import type * as Zarrita from "zarrita";
import { MOST_CHUNK_BYTES } from "../stored.ts";
import { crc32c } from "./crc32c.ts";
import { widthOf } from "./metadata.ts";

/** What a codec is told of the array. */
interface Told {
  readonly dataType: string;
  readonly shape: readonly number[];
}

/** A codec as the library wants it. */
interface Codec {
  readonly kind: "bytes_to_bytes";
  encode(): never;
  decode(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** Bytes of what has this many bytes unpacked; asked of checksums alone. */
  computeEncodedSize(bytes: number): number;
}

/** Bytes of a checksum. */
const SUM = 4;

/** Unpacks bytes to at most `most` bytes. */
type Unpack = (bytes: Uint8Array, most: number) => Uint8Array | Promise<Uint8Array>;

/** The same for every store, so it is done once: puts bounded codecs in the place of the library's. */
export function boundCodecs({ registry }: typeof Zarrita): void {
  const given = new Map(registry);
  for (const prefix of ["", "numcodecs."]) {
    const set = (name: string, unpack: Unpack) =>
      registry.set(`${prefix}${name}`, () => Promise.resolve(codecOf(unpack)));
    set("gzip", (bytes, most) => gunzipSync(bytes, { maxOutputLength: most }));
    set("zlib", (bytes, most) => inflateSync(bytes, { maxOutputLength: most }));
    set("zstd", (bytes, most) => zstdDecompressSync(bytes, { maxOutputLength: most }));
    set("crc32c", checked);
    // Blosc and LZ4 say in their heads how much comes out.
    for (const [name, at] of [["blosc", 4], ["lz4", 0]] as const) {
      const load = given.get(name)!;
      set(name, async (bytes, most) => {
        const { byteOffset, byteLength } = bytes;
        const says = new DataView(bytes.buffer, byteOffset, byteLength).getUint32(at, true);
        if (says > most) throw new RangeError(`it unpacks to ${says} bytes, not ${most}`);
        const Codec = await load();
        const codec = Codec.fromConfig({}, {} as never) as unknown as Codec;
        const unpacked = await codec.decode(bytes);
        if (unpacked.length === says) return unpacked;
        throw new RangeError(`it unpacks to ${unpacked.length} of ${says} bytes`);
      });
    }
  }
}

function codecOf(unpack: Unpack) {
  function fromConfig(_: unknown, told: Told): Codec {
    const most = bytesOf(told);
    return {
      kind: "bytes_to_bytes",
      encode() {
        throw new TypeError("chunks are only read");
      },
      // The library takes a view for the whole of what it is a view of.
      decode: async (bytes) => whole(await unpack(bytes, most)),
      computeEncodedSize: (bytes) => bytes + SUM,
    };
  }
  return { fromConfig } as never;
}

/** The most bytes of a chunk, checksums included. */
function bytesOf({ dataType, shape }: Told): number {
  const width = widthOf(dataType);
  if (width === undefined) return MOST_CHUNK_BYTES;
  return shape.reduce((product, length) => product * length, width) + 64;
}

function whole(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}

/** The bytes before the checksum, which are what it says. */
function checked(bytes: Uint8Array): Uint8Array {
  const end = bytes.length - SUM;
  if (end < 0) throw new RangeError("it has no checksum");
  const sum = new DataView(bytes.buffer, bytes.byteOffset + end, SUM).getUint32(0, true);
  const content = bytes.subarray(0, end);
  if (crc32c(content) !== sum) throw new RangeError("its checksum is wrong");
  return content;
}
