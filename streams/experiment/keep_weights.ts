/**
 * Weights on disk: one safetensors file a model and stage.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Layout } from "../../core/model/program.ts";
import { encodeTensors } from "../../core/model/safetensors.ts";
import { explain } from "../explain.ts";
import { nameWeights } from "../checkpoint/weights.ts";
import type { Run } from "../run.ts";
import { vocabularyHash } from "../weights/vocabulary_hash.ts";
import { writeWhole } from "../write_whole.ts";

/** Folder of the weights within that of a run. */
export const MODELS_FOLDER = "models";

/** Letters of a name in a file's name, at most. */
const LONGEST = 80;

/** What is kept with weights. */
export interface KeepOptions {
  readonly layout: Layout;
  /** All methods that the run compares. */
  readonly methods: readonly string[];
  /** The genes that the rows of the gene table stand for: the file has their hash. */
  readonly symbols: readonly string[];
}

/**
 * Writes weights into the folder of a run, each file complete or not there at all: "seed 1, stage 2,
 * gene replay" becomes `models/seed-1-stage-2-gene-replay.safetensors`; a model that all methods still
 * share has no method in its name.
 */
export function keepWeights(
  folder: string,
  { layout, methods, symbols }: KeepOptions,
): (...given: Parameters<NonNullable<Run["keep"]>>) => Promise<string> {
  const vocabulary = vocabularyHash(symbols), words = fileWords(methods);
  return (weights, { methods: sharing, seed, stage }) => {
    const shared = sharing.length === methods.length && methods.length > 1;
    const name = shared ? [] : [shortened(sharing.map((method) => words.get(method)).join("-"))];
    const file = `${["seed", seed, "stage", stage, ...name].join("-")}.safetensors`;
    const path = join(folder, MODELS_FOLDER, file);
    const metadata = {
      methods: sharing.join(", "),
      names: "gil",
      seed: String(seed),
      stage: String(stage),
      vocabulary,
    };
    try {
      mkdirSync(join(folder, MODELS_FOLDER), { recursive: true });
      writeWhole(path, encodeTensors({ tensors: nameWeights(weights, layout), metadata }));
    } catch (cause) {
      return Promise.reject(explain(`Cannot write weights "${path}"`, cause) ?? cause);
    }
    return Promise.resolve(`${MODELS_FOLDER}/${file}`);
  };
}

/** Methods' names as parts of file names, each its own: two that would be the same get a hash. */
function fileWords(methods: readonly string[]): ReadonlyMap<string, string> {
  const plain = methods.map((name) =>
    name.toLowerCase().replace(/[^a-z0-9.]+/g, "-").replace(/^-|-$/g, "") || "method"
  );
  return new Map(methods.map((name, i) => {
    const isAlone = plain.filter((word) => word === plain[i]).length === 1;
    return [name, shortened(isAlone ? plain[i] : `${plain[i]}-${hashOf(name)}`)];
  }));
}

/** A word that a file system takes: the end of a long one becomes a hash. */
const shortened = (word: string): string =>
  word.length <= LONGEST ? word : `${word.slice(0, LONGEST - 9)}-${hashOf(word)}`;

const hashOf = (text: string): string =>
  createHash("sha256").update(text).digest("hex").slice(0, 8);
