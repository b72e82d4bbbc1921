/**
 * What goes wrong while cells are read, as a sentence.
 *
 * @module
 */

import { InputError } from "../../core/errors.ts";
import { explain } from "../explain.ts";
import { REMEDIES } from "../reading/remedies.ts";
import type { Fault } from "../reading/staging/reader_settings.ts";
import type { ShardEntry } from "./shard.ts";

/** The error for a fault in a row group of a shard; -1 where it is in none. */
export function readingFailure(
  shards: readonly Pick<ShardEntry, "name">[],
  { message, name, code }: Fault,
  { shard, group }: { readonly shard: number; readonly group: number },
): InputError {
  // A whole sentence already, such as that an address cannot be read.
  if (name === "InputError") return new InputError({ message });
  const where = shard < 0 ? "an atlas" : `atlas shard "${shards[shard].name}"`;
  const doing = `Cannot read ${where}${group < 0 ? "" : `, row group ${group}`}`;
  const known = explain(doing, Object.assign(new Error(message), code && { code }));
  const remedy = REMEDIES[name] ?? "copy or import the atlas again";
  return known ?? new InputError({ message: `${doing}: ${message}; ${remedy}` });
}
