/**
 * One checkpoint, as far as it is sound.
 *
 * @module
 */

import { join } from "node:path";
import { decodeTensors, type StoredTensor } from "../../core/model/safetensors.ts";
import { explain } from "../explain.ts";
import { Damage, damageOf, orDamage } from "./damage.ts";
import type { Disk } from "./disk.ts";
import {
  decodeManifest,
  type FileName,
  type Manifest,
  MANIFEST_FILE,
  sha256Of,
} from "./manifest.ts";

/** The arrays of a file, by name. */
export type Tensors = ReadonlyMap<string, StoredTensor>;

/**
 * What the checkpoint in `folder` says of itself.
 *
 * @throws Damage where it is missing or not as it was written.
 * @throws InputError where access is denied, or the format is one to come.
 */
export async function readManifest(disk: Disk, folder: string): Promise<Manifest> {
  return decodeManifest(await readBytes(disk, folder, MANIFEST_FILE), folder);
}

/**
 * The arrays by name in each file of the checkpoint in `folder` that the manifest names.
 *
 * @throws Damage where a file is not as it was written.
 * @throws InputError where access is denied.
 */
export async function readTensors(
  disk: Disk,
  folder: string,
  manifest: Pick<Manifest, "files">,
): Promise<Readonly<Partial<Record<FileName, Tensors>>>> {
  const read: Partial<Record<FileName, Tensors>> = {};
  for (const [file, written] of Object.entries(manifest.files)) {
    const bytes = await readBytes(disk, folder, file);
    if (bytes.length !== written.bytes) {
      const message = `${file} has ${bytes.length} bytes where ${written.bytes} were written`;
      throw new Damage({ message });
    }
    if (sha256Of(bytes) !== written.sha256) {
      throw new Damage({ message: `${file} is not as it was written` });
    }
    read[file as FileName] = orDamage(() => decodeTensors(bytes, file)).tensors;
  }
  return read;
}

async function readBytes(disk: Disk, folder: string, file: string): Promise<Uint8Array> {
  try {
    return await disk.read(join(folder, file));
  } catch (cause) {
    throw damageOf(cause, file) ?? explain(`Cannot read checkpoint "${folder}"`, cause) ?? cause;
  }
}
