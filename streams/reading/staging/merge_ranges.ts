/**
 * Which bytes are read together: neighbours at once, and many reads behind one another in one buffer.
 *
 * @module
 */

/** Bytes `from … to - 1` of a shard. */
export interface ShardRange {
  readonly shard: number;
  readonly from: number;
  readonly to: number;
}

/** A read, and where its bytes come to lie. */
export interface Read extends ShardRange {
  readonly at: number;
}

/** What to read. */
export interface Merged {
  /** In the order of shards and bytes. */
  readonly reads: readonly Read[];
  /** Bytes of all reads. */
  readonly bytes: number;
  /** Where each range comes to lie. */
  readonly places: readonly number[];
}

/** Bytes between two ranges that are rather read in vain than left out by reading twice. */
const BRIDGE = 2 ** 16;

/** Plans to read some ranges, which may overlap. */
export function mergeRanges(ranges: readonly ShardRange[]): Merged {
  const order = [...ranges.keys()].sort((a, b) =>
    ranges[a].shard - ranges[b].shard || ranges[a].from - ranges[b].from
  );
  const reads: { shard: number; from: number; to: number; at: number }[] = [];
  const places = new Array<number>(ranges.length);
  let bytes = 0;
  for (const i of order) {
    const { shard, from, to } = ranges[i];
    let read = reads[reads.length - 1];
    if (!read || read.shard !== shard || from > read.to + BRIDGE) {
      reads.push(read = { shard, from, to: from, at: bytes });
    }
    bytes += Math.max(0, to - read.to);
    read.to = Math.max(read.to, to);
    places[i] = read.at + from - read.from;
  }
  return { reads, bytes, places };
}
