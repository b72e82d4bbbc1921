/**
 * An array of a zarr store, read a chunk at a time.
 *
 * @module
 */

import type { Array as ZarrArray, DataType } from "zarrita";
import { InputError } from "../../../core/errors.ts";
import { doubles, type Gaps, MOST_CHUNK_BYTES, type Numbers, type StoredArray } from "../stored.ts";
import { reasonOf, unreadable } from "../unreadable.ts";
import type { ChunkCache } from "./chunk_cache.ts";
import { boundCodecs } from "./codecs.ts";
import { type FolderBytes, folderBytes } from "./folder_bytes.ts";
import type { ArrayMetadata } from "./metadata.ts";

/** A chunk as it was unpacked. */
export interface Chunk {
  readonly values: Numbers | string[];
  /** How far apart neighbours along each axis are. */
  readonly stride: readonly number[];
}

/** Where an array is and what is known of it. */
export interface ArrayPlace {
  /** The store, and the array's path within it. */
  readonly store: string;
  readonly at: string;
  readonly folder: string;
  readonly version: 2 | 3;
  readonly documents: Readonly<Record<string, unknown>>;
  readonly metadata: ArrayMetadata;
  readonly gaps: Gaps;
  readonly cache: ChunkCache<Chunk>;
}

/** Opens the array; nothing of it is read but its metadata, which has been read. */
export function zarrArray(place: ArrayPlace): StoredArray {
  const { shape, holds, rounds, names } = place.metadata;
  const read = chunkReader(place);
  return {
    shape,
    holds,
    rounds,
    ...(names && { names }),
    async numbers(from, to) {
      if (holds === "strings") throw refuse(place, "it holds strings, not numbers");
      return await readRows(place, read, { from, to }) as Numbers;
    },
    async strings(from, to) {
      if (holds !== "strings") throw refuse(place, "it holds no strings");
      return Array.from(await readRows(place, read, { from, to }) as string[], String);
    },
  };
}

const refuse = ({ store, at }: ArrayPlace, why: string): InputError =>
  unreadable(store, `"${at}": ${why}`);

/** Reads the chunk at a place: its band, and in a matrix how far to the right it is. */
type ReadChunk = (band: number, side: number) => Promise<Chunk>;

/** Rows `from … to - 1` of a list or a matrix, row-major. */
async function readRows(
  place: ArrayPlace,
  read: ReadChunk,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<Numbers | string[]> {
  const { shape, chunks, holds, width } = place.metadata;
  if (shape.length < 1 || shape.length > 2) throw refuse(place, "it is neither list nor matrix");
  if (holds === "others") throw refuse(place, "its values are neither numbers nor strings");
  const [height, breadth] = [chunks[0], chunks[1] ?? 1];
  const columns = shape[1] ?? 1, bands = Math.ceil(columns / breadth);
  if (bands * breadth * height * width > MOST_CHUNK_BYTES) {
    throw refuse(
      place,
      `its rows come in bands of ${height}, which do not fit into memory; write the store again with fewer rows in a chunk`,
    );
  }
  let out: Numbers | string[] | undefined;
  for (let band = Math.floor(from / height); band * height < to; band++) {
    const top = Math.max(from, band * height), bottom = Math.min(to, (band + 1) * height);
    for (let side = 0; side < bands; side++) {
      const chunk = await read(band, side);
      out ??= emptyLike(chunk.values, (to - from) * columns);
      copyInto(out, chunk, {
        rows: [top - band * height, bottom - band * height],
        columns: Math.min(breadth, columns - side * breadth),
        at: (top - from) * columns + side * breadth,
        line: columns,
      });
    }
  }
  return out ?? new Float64Array(0);
}

function emptyLike(values: Numbers | string[], length: number): Numbers | string[] {
  if (Array.isArray(values)) return new Array<string>(length);
  return new (values.constructor as Float64ArrayConstructor)(length);
}

/** Which part of a chunk goes where. */
interface Part {
  readonly rows: readonly [from: number, to: number];
  readonly columns: number;
  /** Place of the first value, and from line to line. */
  readonly at: number;
  readonly line: number;
}

function copyInto(out: Numbers | string[], chunk: Chunk, { rows, columns, at, line }: Part): void {
  const { values, stride: [down, right = 1] } = chunk, [from, to] = rows;
  if (line === 1 && down === 1 && !Array.isArray(out) && !Array.isArray(values)) {
    out.set(values.subarray(from, to), at);
    return;
  }
  for (let row = from; row < to; row++) {
    for (let column = 0; column < columns; column++) {
      out[at + (row - from) * line + column] = values[row * down + column * right];
    }
  }
}

/** Reads chunks, and keeps those of the band that was read last. */
function chunkReader(place: ArrayPlace): ReadChunk {
  const { shape, chunks, width } = place.metadata, { at, cache } = place;
  const values = chunks.reduce((product, length) => product * length, 1);
  const bytes = folderBytes(place.folder, place.documents);
  const known = new Set<string>();
  let opened: Promise<Opened> | undefined, last = 0;
  return (band, side) => {
    const places = shape.length === 1 ? [band] : [band, side], name = `${at} ${places.join(" ")}`;
    if (band !== last) {
      for (const name of known) cache.forget(name);
      known.clear();
    }
    known.add(name);
    last = band;
    return cache.get(name, values * width, async () => {
      try {
        const array = await (opened ??= openArray(bytes, place.version));
        return await unpack(array, places, { bytes, values, gaps: place.gaps });
      } catch (cause) {
        throw refuse(place, `chunk ${places.join(".")} ${faultOf(cause)}`);
      }
    });
  };
}

type Opened = ZarrArray<DataType, FolderBytes>;

let library: Promise<typeof import("zarrita")> | undefined;

async function openArray(bytes: FolderBytes, version: 2 | 3): Promise<Opened> {
  const zarr = await (library ??= loadLibrary());
  return version === 2
    ? await zarr.open.v2(bytes, { kind: "array" })
    : await zarr.open.v3(bytes, { kind: "array" });
}

async function loadLibrary() {
  const zarr = await import("zarrita");
  boundCodecs(zarr);
  return zarr;
}

async function unpack(
  array: Opened,
  places: readonly number[],
  { bytes, values: all, gaps }: {
    readonly bytes: FolderBytes;
    readonly values: number;
    readonly gaps: Gaps;
  },
): Promise<Chunk> {
  bytes.found();
  const { data, stride } = await array.getChunk([...places]);
  if (!bytes.found() && gaps === "lost") {
    throw new RangeError(
      'is missing; where it held only zeros, zarr.config.set({"array.write_empty_chunks": True}) writes it',
    );
  }
  const values = plain(data);
  if (values.length !== all) throw new RangeError(`has ${values.length} values, not ${all}`);
  return { values, stride };
}

/** The library's arrays as ordinary ones. */
function plain(data: ArrayLike<unknown> | Iterable<unknown>): Numbers | string[] {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return doubles(data);
  if (data instanceof Float16Array) return new Float32Array(data);
  if (ArrayBuffer.isView(data)) return data as Numbers;
  const values = Array.from(data as Iterable<unknown>);
  if (typeof values[0] === "boolean") return Uint8Array.from(values as boolean[], Number);
  return values.map(String);
}

/** What is wrong with a chunk, as a clause about it. */
function faultOf(cause: unknown): string {
  const error = cause as { _tag?: string; codec?: string; cause?: unknown } | null;
  if (error?._tag === "UnknownCodecError") {
    return `is compressed with ${error.codec}, which is not supported; write the store again with the compressor of today's anndata: adata.write_zarr(path)`;
  }
  if (error?._tag === "CodecPipelineError") {
    return `is damaged: ${error.codec} cannot unpack it (${reasonOf(error.cause)})`;
  }
  if (cause instanceof RangeError && /^(is|has) /.test(cause.message)) return cause.message;
  return `cannot be read: ${reasonOf(cause)}`;
}
