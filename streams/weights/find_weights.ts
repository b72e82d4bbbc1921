/**
 * Weights by path, wherever they were kept: a file, a checkpoint, the folder of a run.
 *
 * @module
 */

import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../../core/errors.ts";
import { localDisk } from "../checkpoint/disk.ts";
import { sha256Of } from "../checkpoint/manifest.ts";
import { type FoundWeights, readWeights } from "../checkpoint/read_weights.ts";
import { MODELS_FOLDER } from "../experiment/keep_weights.ts";
import { CHECKPOINTS_FOLDER } from "../run_folder/held.ts";
import { type Names, namesOf } from "./names.ts";

/** Named weights, and what is known of where they come from. */
export interface Found extends FoundWeights {
  /** Whose names and axes they have. */
  readonly names: Names;
  /** Hash of the bytes of the file. */
  readonly sha256: string;
}

/**
 * The weights in a safetensors file, a checkpoint, a folder of checkpoints, or a run: its only model,
 * or what its checkpoints hold where it has kept no model yet.
 *
 * @throws InputError when there are none or several, or they are damaged.
 */
export async function findWeights(path: string): Promise<Found> {
  const models = modelsOf(path);
  if (models.length > 1) {
    throw new InputError({
      message: `Cannot read weights "${path}": it holds ${models.length} models; name one, as in ` +
        `"${models[0]}"`,
    });
  }
  const checkpoints = join(path, CHECKPOINTS_FOLDER);
  const place = models[0] ?? (isFolder(checkpoints) ? checkpoints : path);
  // The weights and the hash are of the same bytes, also when the file is replaced meanwhile.
  let bytes: Uint8Array = new Uint8Array();
  const disk = {
    ...localDisk,
    read: async (file: string) => bytes = await localDisk.read(file),
  };
  const found = await readWeights(place, disk);
  return { ...found, names: namesOf(found), sha256: sha256Of(bytes) };
}

/** The files of the models that a run has kept, in order; none where `path` is no run. */
export function modelsOf(path: string): string[] {
  const folder = join(path, MODELS_FOLDER);
  if (!isFolder(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /(?<!\.memory)\.safetensors$/.test(name))
    .toSorted()
    .map((name) => join(folder, name));
}

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();
