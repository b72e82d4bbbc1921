/**
 * The bookmark that a checkpoint holds, if it belongs to what goes on from it.
 *
 * @module
 */

import { InputError } from "../../core/errors.ts";
import { explain } from "../explain.ts";
import type { Bookmark } from "./bookmark.ts";
import { Damage, orDamage } from "./damage.ts";
import type { Disk } from "./disk.ts";
import { changesSince, type Identity, strangeness } from "./identity.ts";
import { MANIFEST_FILE } from "./manifest.ts";
import { decodeParts } from "./parts.ts";
import { readManifest, readTensors } from "./read_checkpoint.ts";

/**
 * The bookmark of the checkpoint at `path`, and in a sentence each what a reader should know of it.
 *
 * @throws Damage where it is not as it was written, or is of another seed.
 * @throws InputError when it is sound and belongs to something else, and when access is denied.
 */
export async function readBookmark(
  disk: Disk,
  path: string,
  { seed, identity }: { readonly seed: number; readonly identity: Identity },
): Promise<{ readonly bookmark: Bookmark; readonly notes: readonly string[] }> {
  const manifest = await readManifest(disk, path), { leg, step, events } = manifest;
  const strange = strangeness(manifest, identity);
  if (strange !== undefined) {
    throw new InputError({ message: `Cannot use checkpoint "${path}": ${strange}` });
  }
  if (manifest.seed !== seed) throw new Damage({ message: `it is of seed ${manifest.seed}` });
  const tensors = await readTensors(disk, path, manifest);
  const frame = { layout: identity.layout, genes: identity.atlas.genes };
  const parts = orDamage(() => decodeParts(tensors, frame));
  const strays = await straysOf(disk, path, Object.keys(manifest.files));
  return {
    bookmark: { seed, leg, step, events, ...parts },
    notes: [...strays, ...changesSince(manifest, identity)],
  };
}

/** In a sentence each, what lies in the folder and is not of it. It harms nothing: it is not read. */
async function straysOf(disk: Disk, path: string, files: readonly string[]): Promise<string[]> {
  try {
    return (await disk.names(path))
      .filter((name) => name !== MANIFEST_FILE && !files.includes(name))
      .map((name) => `Passes over "${name}" in checkpoint "${path}", which is not of it`);
  } catch (cause) {
    throw explain(`Cannot read checkpoint "${path}"`, cause) ?? cause;
  }
}
