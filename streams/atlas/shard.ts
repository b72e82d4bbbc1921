/**
 * One shard, its footer read and held against the manifest.
 *
 * @module
 */

import { statSync } from "node:fs";
import { join } from "node:path";
import type { FileMetaData } from "hyparquet";
import { InputError } from "../../core/errors.ts";
import { explain } from "../attempt.ts";
import { chunkOf } from "../parquet/chunk.ts";
import { readFooter } from "../parquet/footer.ts";
import { type Leaf, leafOf } from "../parquet/leaf.ts";
import { COUNTS, GENES, type Layout, VOCABULARY_NOTE } from "./layout.ts";
import type { Manifest } from "./manifest.ts";

/** A shard that can be read. */
export interface Shard {
  /** Its name within the atlas. */
  readonly name: string;
  readonly path: string;
  /** Bytes of the file. */
  readonly size: number;
  readonly metadata: FileMetaData;
  /** Its columns by name. */
  readonly leaves: ReadonlyMap<string, Leaf>;
  /** Cells in each row group. */
  readonly sizes: readonly number[];
}

/** Reads the footer of a shard; throws an `InputError` where it is not what the manifest says. */
export function openShard(
  folder: string,
  entry: Manifest["shards"][number],
  layout: Layout & { readonly sha256: string },
): Shard {
  const doing = `Cannot open atlas shard "${entry.file}"`, path = join(folder, entry.file);
  try {
    const size = statSync(path).size;
    if (size !== entry.bytes) throw new RangeError(`it has ${size} of ${entry.bytes} bytes`);
    const metadata = readFooter(path, size);
    const note = metadata.key_value_metadata?.find(({ key }) => key === VOCABULARY_NOTE);
    if (note && note.value !== layout.sha256) {
      throw new RangeError("it was written with another vocabulary");
    }
    const leaves = leavesOf(metadata, layout);
    const sizes = metadata.row_groups.map(({ num_rows }) => Number(num_rows));
    const rows = sizes.reduce((sum, each) => sum + each, 0);
    if (rows !== entry.rows || sizes.some((each) => each <= 0)) {
      throw new RangeError(`it holds ${rows} of ${entry.rows} cells`);
    }
    for (const [group, rows] of sizes.entries()) {
      for (const [name, leaf] of leaves) {
        const { values } = chunkOf(metadata, group, leaf, size);
        if (leaf.lists && values > rows * Math.max(1, layout.genes)) {
          throw new RangeError(`column "${name}" claims more values than cells have genes`);
        }
      }
    }
    return { name: entry.file, path, size, metadata, leaves, sizes };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw explain(doing, cause) ??
      new InputError({ message: `${doing}: ${why}; copy or import the atlas again` });
  }
}

/** The columns that the manifest promises. */
function leavesOf(metadata: FileMetaData, layout: Layout): Map<string, Leaf> {
  const singles = [...layout.columns.map(({ name }) => name), ...layout.numbers];
  return new Map([GENES, COUNTS, ...singles].map((name) => {
    const leaf = leafOf(metadata, name), lists = name === GENES || name === COUNTS ? 1 : 0;
    if (leaf?.lists === lists) return [name, leaf];
    throw new RangeError(`it has no column "${name}"${lists ? " of lists" : ""}`);
  }));
}
