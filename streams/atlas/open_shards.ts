/**
 * The shards of an atlas, their footers read and held against the manifest.
 *
 * @module
 */

import { InputError } from "../../core/errors.ts";
import { explain } from "../explain.ts";
import { joinPlace } from "../bytes/place.ts";
import { chunkOf } from "../parquet/chunk.ts";
import type { GroupSizes } from "../reading/pool/share_memory.ts";
import { COUNTS, GENES } from "./layout.ts";
import type { Manifest } from "./manifest.ts";
import { type AtlasLayout, checkChunks, openShard, type Shard, type ShardEntry } from "./shard.ts";

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
  const looks: Look[] = [];
  for (let first = 0; first < shards.length; first += AT_ONCE) {
    const some = shards.slice(first, first + AT_ONCE);
    looks.push(
      ...await Promise.all(
        some.map(({ file, bytes, rows }) =>
          look({ name: file, place: joinPlace(place, file), bytes, rows }, layout)
        ),
      ),
    );
  }
  const all = (what: (look: Look) => Iterable<number>) =>
    looks.flatMap((look) => Array.from(what(look)));
  return {
    shards: looks.map(({ entry }) => entry),
    paged: looks.every(({ paged }) => paged),
    groups: looks.map(({ cells }) => cells.length),
    sizes: {
      cells: Uint32Array.from(all(({ cells }) => cells)),
      entries: Float64Array.from(all(({ entries }) => entries)),
      bytes: Float64Array.from(all(({ bytes }) => bytes)),
    },
  };
}

interface Look {
  readonly entry: ShardEntry;
  readonly cells: readonly number[];
  readonly entries: readonly number[];
  readonly bytes: readonly number[];
  readonly paged: boolean;
}

async function look(entry: ShardEntry, layout: AtlasLayout): Promise<Look> {
  const singles = [...layout.columns.map(({ name }) => name), ...layout.numbers];
  try {
    const shard = await openShard(entry, { layout, names: [GENES, COUNTS, ...singles] });
    try {
      checkChunks(shard, layout);
      return lookAt(shard);
    } finally {
      await shard.bytes.close();
    }
  } catch (cause) {
    throw refusal(`Cannot open atlas shard "${entry.name}"`, cause);
  }
}

function lookAt({ entry, bytes: { version, size }, columns, starts }: Shard): Look {
  const isPaged = (name: string) =>
    columns.get(name)!.indexes.every((index) => index !== undefined);
  const chunks = (name: string) => {
    const { table, leaf } = columns.get(name)!;
    return Array.from(
      { length: starts.length - 1 },
      (_, group) => chunkOf(table.metadata, group, leaf, size),
    );
  };
  const genes = chunks(GENES), counts = chunks(COUNTS);
  return {
    entry: { ...entry, version },
    cells: genes.map(({ rows }) => rows),
    entries: genes.map(({ values }, group) => Math.max(values, counts[group].values)),
    paged: isPaged(GENES) && isPaged(COUNTS),
    bytes: genes.map(({ bytes }, group) => bytes + counts[group].bytes),
  };
}

/** An `InputError` for what went wrong with a shard; a programming error stays one. */
function refusal(doing: string, cause: unknown): unknown {
  if (!(cause instanceof RangeError)) return explain(doing, cause) ?? cause;
  return new InputError({ message: `${doing}: ${cause.message}; copy or import the atlas again` });
}
