/**
 * The shards of an atlas, their footers read and held against the manifest.
 *
 * @module
 */

import { InputError } from "../../core/errors.ts";
import { explain } from "../explain.ts";
import { joinPlace } from "../bytes/place.ts";
import type { GroupSizes } from "../reading/pool/share_memory.ts";
import { type KnownShard, knowShard } from "./know_shard.ts";
import type { Manifest } from "./manifest.ts";
import type { AtlasLayout, ShardEntry, ShardFile } from "./shard.ts";

/** What there is to know of the shards before a cell is read. */
export interface KnownShards {
  readonly shards: readonly ShardEntry[];
  /** Row groups of each shard. */
  readonly groups: readonly number[];
  readonly sizes: GroupSizes;
  /** Whether a few cells of a row group can be read without the others. */
  readonly paged: boolean;
}

/** Shards whose footers are read at once. */
const AT_ONCE = 8;

/**
 * Looks at every shard; none stays open.
 *
 * @throws InputError that names the first shard that is not what the manifest says.
 */
export async function lookAtShards(
  place: string,
  { shards }: Manifest,
  layout: AtlasLayout,
): Promise<KnownShards> {
  const all: KnownShard[] = [];
  for (let first = 0; first < shards.length; first += AT_ONCE) {
    const some = shards.slice(first, first + AT_ONCE);
    all.push(
      ...await Promise.all(
        some.map(({ file, bytes, rows }) =>
          look({ name: file, place: joinPlace(place, file), bytes, rows }, layout)
        ),
      ),
    );
  }
  return {
    shards: all.map(({ entry }) => entry),
    paged: all.every(({ paged }) => paged),
    groups: all.map(({ sizes }) => sizes.cells.length),
    sizes: joined(all.map(({ sizes }) => sizes)),
  };
}

async function look(file: ShardFile, layout: AtlasLayout): Promise<KnownShard> {
  try {
    return await knowShard(file, layout);
  } catch (cause) {
    throw shardRefusal(`Cannot open atlas shard "${file.name}"`, cause);
  }
}

/** The row groups of all shards, end to end. */
function joined(all: readonly GroupSizes[]): GroupSizes {
  const groups = all.reduce((sum, { cells }) => sum + cells.length, 0);
  const sizes = {
    cells: new Uint32Array(groups),
    entries: new Float64Array(groups),
    bytes: new Float64Array(groups),
  };
  let at = 0;
  for (const { cells, entries, bytes } of all) {
    sizes.cells.set(cells, at);
    sizes.entries.set(entries, at);
    sizes.bytes.set(bytes, at);
    at += cells.length;
  }
  return sizes;
}

/** An `InputError` for what went wrong with a shard; a programming error stays one. */
export function shardRefusal(doing: string, cause: unknown): unknown {
  if (!(cause instanceof RangeError)) return explain(doing, cause) ?? cause;
  return new InputError({ message: `${doing}: ${cause.message}; copy or import the atlas again` });
}
