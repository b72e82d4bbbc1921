/**
 * Trained weights as the first weights of a run.
 *
 * @module
 */

import { Effect } from "effect";
import { InputError } from "../../core/errors.ts";
import type { Experiment } from "../../core/experiment.ts";
import type { Layout } from "../../core/model/program.ts";
import { fromReference } from "../../core/model/reference_weights.ts";
import type { Vocabulary } from "../../core/vocabulary.ts";
import { attemptAsync } from "../attempt.ts";
import { findWeights, type Found } from "./find_weights.ts";
import { flattened, WHOSE } from "./names.ts";
import { vocabularyHash } from "./vocabulary_hash.ts";

/** What weights must fit. */
export interface Frame {
  readonly layout: Layout;
  readonly vocabulary: Vocabulary;
}

/** Where a run begins. */
export interface Origin {
  /** The weights in the order of the layout; undefined where every seed draws its own. */
  readonly weights: Float32Array | undefined;
  /** The file and its hash, for the experiment that is kept. */
  readonly from: Experiment["from"];
  /** What a reader should know, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * The weights with which an experiment wants every seed to begin.
 *
 * @throws InputError when the file has another hash than the experiment says, or its weights do not
 * fit: the first one that does not is named.
 */
export const firstWeights = Effect.fnUntraced(
  function* (from: Experiment["from"], frame: Frame) {
    const origin: Origin = { weights: undefined, from: null, notes: [] };
    if (from === null) return origin;
    const { path, sha256 = null } = typeof from === "string" ? { path: from } : from;
    const doing = `Cannot begin with weights "${path}"`;
    return yield* attemptAsync(doing, async (): Promise<Origin> => {
      const found = await findWeights(path);
      if (sha256 !== null && sha256 !== found.sha256) {
        const [here, there] = [found.sha256, sha256].map((hash) => `${hash.slice(0, 12)}…`);
        throw new InputError({
          message: `${doing}: its SHA-256 is ${here} where the experiment names ${there}; ` +
            `put the file back that was meant, or begin another run`,
        });
      }
      return {
        weights: fitted(found, frame),
        from: { path: found.file, sha256: found.sha256 },
        notes: notesOf(found),
      };
    });
  },
);

/** The flat buffer, if model and genes are those of the frame. */
function fitted(
  { tensors, metadata, names, file }: Found,
  { layout, vocabulary }: Frame,
): Float32Array {
  const weights = names === "gil"
    ? flattened(tensors, layout, file)
    : fromReference(tensors, layout, file);
  const told = metadata.vocabulary;
  if (told !== undefined && told !== vocabularyHash(vocabulary.symbols)) {
    throw new InputError({
      message: `Cannot read weight "embedding.weight" from "${file}": its rows stand for other ` +
        `genes than the atlas has, or in another order; import the atlas with the vocabulary of ` +
        `the one that the weights were trained on (--genes)`,
    });
  }
  return weights;
}

function notesOf({ metadata, names, file, notes }: Found): string[] {
  return [
    ...notes,
    `Begins with the weights in "${file}", which has ${WHOSE[names]}`,
    ...(metadata.vocabulary === undefined
      ? ["It does not say for which genes its rows stand: they are taken for the atlas's, in order"]
      : []),
  ];
}
