/**
 * Trained weights to begin with, from wherever they were kept.
 *
 * @module
 */

import { join } from "node:path";
import { InputError } from "../../core/errors.ts";
import { decodeTensors, type TensorFile } from "../../core/model/safetensors.ts";
import { codeOf, explain } from "../explain.ts";
import { Damage } from "./damage.ts";
import { type Disk, localDisk } from "./disk.ts";
import { MANIFEST_FILE } from "./manifest.ts";
import { readManifest, readTensors } from "./read_checkpoint.ts";
import { lookAt } from "./shelf.ts";

/** Named weights, and how they were found. */
export interface FoundWeights extends TensorFile {
  /** The file that they are from. */
  readonly file: string;
  /** A sentence for each checkpoint that was passed over. */
  readonly notes: readonly string[];
}

/**
 * The weights in a safetensors file, in the folder of a checkpoint, or in the newest sound checkpoint
 * of a seed's folder, or of a folder with one seed. Where a checkpoint has two models, those of the
 * method that goes its own way.
 *
 * @throws InputError when there are none, or they are damaged.
 */
export async function readWeights(path: string, disk: Disk = localDisk): Promise<FoundWeights> {
  const doing = `Cannot read weights "${path}"`;
  const refuse = (why: string) => new InputError({ message: `${doing}: ${why}` });
  try {
    const names = await namesIn(disk, path);
    if (names === undefined) {
      return { ...decodeTensors(await disk.read(path), path), file: path, notes: [] };
    }
    if (names.includes(MANIFEST_FILE)) return { ...await ofCheckpoint(disk, path), notes: [] };
    const seeds = names.filter((name) => /^seed--?\d+$/.test(name));
    if (seeds.length > 1) {
      throw refuse(`it has several seeds; name one, as in "${join(path, seeds[0])}"`);
    }
    return await newestIn(disk, seeds.length === 1 ? join(path, seeds[0]) : path, refuse);
  } catch (cause) {
    if (cause instanceof Damage) throw refuse(cause.message);
    throw explain(doing, cause) ?? cause;
  }
}

type Refuse = (why: string) => InputError;

/** The names in a folder; undefined for a file. */
async function namesIn(disk: Disk, path: string): Promise<readonly string[] | undefined> {
  try {
    return await disk.names(path);
  } catch (cause) {
    if (codeOf(cause) === "ENOTDIR") return undefined;
    throw cause;
  }
}

async function newestIn(disk: Disk, shelf: string, refuse: Refuse): Promise<FoundWeights> {
  const notes: string[] = [];
  for (const { name } of (await lookAt(disk, shelf)).filter(({ kind }) => kind === "whole")) {
    const path = join(shelf, name);
    try {
      return { ...await ofCheckpoint(disk, path), notes };
    } catch (cause) {
      if (!(cause instanceof Damage)) throw cause;
      notes.push(`Cannot use checkpoint "${path}": ${cause.message}`);
    }
  }
  throw notes.length > 0
    ? refuse(`none of its ${notes.length} checkpoints is as it was written`)
    : refuse("it holds no checkpoint; name one, or a .safetensors file");
}

async function ofCheckpoint(disk: Disk, path: string): Promise<Omit<FoundWeights, "notes">> {
  const { files } = await readManifest(disk, path);
  for (const name of ["branch.safetensors", "trunk.safetensors"] as const) {
    const written = files[name];
    if (written === undefined) continue;
    const { [name]: tensors } = await readTensors(disk, path, { files: { [name]: written } });
    if (tensors) return { tensors, metadata: {}, file: join(path, name) };
  }
  throw new Damage({ message: "it holds no weights" });
}
