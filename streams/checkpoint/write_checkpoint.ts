/**
 * Writes a checkpoint so that at every moment, power cuts included, it is there or it is not.
 *
 * @module
 */

import { dirname, join } from "node:path";
import type { Bookmark } from "./bookmark.ts";
import type { Disk } from "./disk.ts";
import { identify, type Identity } from "./identity.ts";
import { encodeManifest, FORMAT, type Manifest, MANIFEST_FILE, sha256Of } from "./manifest.ts";
import { encodeParts } from "./parts.ts";
import { PART } from "./shelf.ts";

/**
 * Makes the folder `path`, which must not be there, of a bookmark. It is written under another name,
 * and gets its own when all is on the disk; what is left of a failure is removed where the disk lets
 * it.
 */
export async function writeCheckpoint(
  disk: Disk,
  path: string,
  { bookmark, identity }: { readonly bookmark: Bookmark; readonly identity: Identity },
): Promise<void> {
  const part = path + PART;
  try {
    await disk.makeFolder(part);
    const files: Record<string, { readonly bytes: number; readonly sha256: string }> = {};
    for (const [file, bytes] of encodeParts(bookmark, identity.layout)) {
      files[file] = { bytes: bytes.length, sha256: sha256Of(bytes) };
      await disk.write(join(part, file), bytes);
    }
    await disk.write(
      join(part, MANIFEST_FILE),
      encodeManifest(manifestOf({ bookmark, identity, files })),
    );
    await disk.syncFolder(part);
    await disk.rename(part, path);
    await disk.syncFolder(dirname(path));
  } catch (cause) {
    // The first failure is the one to tell; what cannot be removed is seen to be a part.
    await disk.remove(part).catch(() => {});
    throw cause;
  }
}

function manifestOf({ bookmark, identity, files }: {
  readonly bookmark: Bookmark;
  readonly identity: Identity;
  readonly files: Manifest["files"];
}): Manifest {
  const { seed, leg, step, events } = bookmark;
  return { format: FORMAT, seed, leg, step, events, ...identify(identity), files };
}
