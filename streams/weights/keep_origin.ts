/**
 * A copy of the weights that a run begins with: it goes on when the file that they are from is gone,
 * as the checkpoints of another run are when that run is over.
 *
 * @module
 */

import { join, resolve } from "node:path";
import { encodeTensors } from "../../core/model/safetensors.ts";
import { attempt } from "../attempt.ts";
import { sha256Of } from "../checkpoint/manifest.ts";
import { nameWeights } from "../checkpoint/weights.ts";
import type { OpenedRun } from "../experiment/open_run.ts";
import { vocabularyHash } from "./vocabulary_hash.ts";
import { writeWhole } from "../write_whole.ts";

/** The weights that a run begins with, within its folder. */
const ORIGIN_FILE = "from.safetensors";

/**
 * Copies the weights that a run begins with into its folder, under gil's names; the experiment that
 * comes back begins with that file, by its hash. Nothing happens where every seed draws its own.
 */
export const keepOrigin = (folder: string, opened: OpenedRun) =>
  attempt(`Cannot write run "${folder}"`, (): OpenedRun => {
    const { first, layout, run, resolved } = opened, { from } = resolved;
    if (first === undefined || from === null) return opened;
    const bytes = encodeTensors({
      tensors: nameWeights(first, layout),
      metadata: { names: "gil", vocabulary: vocabularyHash(run.source.vocabulary.symbols) },
    });
    const path = join(folder, ORIGIN_FILE);
    const source = typeof from === "string" ? from : from.path;
    if (resolve(source) !== resolve(path)) writeWhole(path, bytes);
    // Relative, as every path in an experiment: folders of runs may be moved.
    return {
      ...opened,
      resolved: { ...resolved, from: { path: ORIGIN_FILE, sha256: sha256Of(bytes) } },
    };
  });
