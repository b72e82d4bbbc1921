/**
 * A window's places in portions that are read at once.
 *
 * @module
 */

import type { Shard } from "../../atlas/shard.ts";
import { isFast } from "../../parquet/chunk.ts";
import { type Piece, planPiece } from "../../parquet/piece.ts";
import { type Merged, mergeRanges } from "./merge_ranges.ts";
import type { Place } from "./places.ts";

/** A place with the pieces of its columns, in the order of the shard's columns. */
export interface PlannedPlace {
  readonly place: Place;
  readonly shard: Shard;
  /** Or why the place cannot be read. */
  readonly pieces: readonly Piece[] | Error;
}

/** Places that are read at once. */
export interface Load {
  readonly places: readonly PlannedPlace[];
  readonly merged: Merged;
}

/** Bytes that are read at once: addresses are asked for all ranges within them at the same time. */
export const LOAD_BYTES = 2 ** 22;

/** Plans what of a place is read. */
export function planPlace(shard: Shard, place: Place): PlannedPlace {
  try {
    const pieces = Array.from(shard.columns.values(), (column) => {
      const piece = planPiece(column, place.group, place);
      // What our decoder does not know is read by somebody else.
      return isFast(piece.chunk) ? piece : { ...piece, ranges: [] };
    });
    return { place, shard, pieces };
  } catch (cause) {
    return { place, shard, pieces: cause instanceof Error ? cause : new Error(String(cause)) };
  }
}

/** Cuts places into loads of about `LOAD_BYTES`, each of one place at least. */
export function* cutIntoLoads(places: Iterable<PlannedPlace>): Generator<Load> {
  let portion: PlannedPlace[] = [], bytes = 0;
  for (const planned of places) {
    const more = bytesOf(planned);
    if (bytes > 0 && bytes + more > LOAD_BYTES) {
      yield loadOf(portion);
      portion = [];
      bytes = 0;
    }
    portion.push(planned);
    bytes += more;
  }
  if (portion.length > 0) yield loadOf(portion);
}

/** The bytes of the pieces of a place, given those of its load and the number of its first range. */
export function partsOf(
  { pieces }: { readonly pieces: readonly Piece[] },
  { places }: Merged,
  { memory, first }: { readonly memory: Uint8Array; readonly first: number },
): Uint8Array[][] {
  let next = first;
  return pieces.map(({ ranges }) =>
    ranges.map(({ from, to }) => {
      const at = places[next++];
      return memory.subarray(at, at + to - from);
    })
  );
}

/** Ranges of a place. */
export const rangesIn = ({ pieces }: PlannedPlace): number =>
  pieces instanceof Error ? 0 : pieces.reduce((sum, { ranges }) => sum + ranges.length, 0);

function bytesOf({ pieces }: PlannedPlace): number {
  if (pieces instanceof Error) return 0;
  const ranges = pieces.flatMap(({ ranges }) => ranges);
  return ranges.reduce((sum, { from, to }) => sum + to - from, 0);
}

function loadOf(places: readonly PlannedPlace[]): Load {
  const merged = mergeRanges(
    places.flatMap(({ place: { shard }, pieces }) =>
      pieces instanceof Error
        ? []
        : pieces.flatMap(({ ranges }) => ranges.map((range) => ({ shard, ...range })))
    ),
  );
  return { places, merged };
}
