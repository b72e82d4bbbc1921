/**
 * What `gil weights` says and writes.
 *
 * @module
 */

import { Effect } from "effect";
import { attempt, attemptAsync } from "../attempt.ts";
import { Screen } from "../console/screen.ts";
import { findWeights, type Found, modelsOf } from "./find_weights.ts";
import { type Names, renamed, WHOSE } from "./names.ts";
import { weightsInWords } from "./weights_in_words.ts";
import { writeWeights } from "./write_weights.ts";

/** What becomes of weights. */
export interface Wish {
  /** A new file for them; they are listed unless given. */
  readonly output: string | undefined;
  /** Whose names they get: in a file gil's, in a list those that they have, unless given. */
  readonly names: Names | undefined;
}

/** Lists the weights at `path` or writes them to a file; what there is to say, in lines. */
export const handOver = Effect.fnUntraced(function* (path: string, { output, names }: Wish) {
  const doing = `Cannot read weights "${path}"`;
  const models = yield* attempt(doing, () => modelsOf(path));
  const several = output === undefined && models.length > 1;
  const stored = yield* attemptAsync(doing, () => findWeights(several ? models[0] : path));
  const screen = yield* Screen;
  for (const note of stored.notes) screen.tell(`${note}\n`);
  const to = names ?? (output === undefined ? stored.names : "gil");
  const tensors = yield* attempt(
    doing,
    () => renamed({ tensors: stored.tensors, from: stored.names, to }, stored.file),
  );
  const found: Found = { ...stored, tensors, names: to };
  if (output === undefined) {
    const others = several ? ["The models of the run; the first is listed:", ...models, ""] : [];
    return [...others, ...weightsInWords(found)];
  }
  yield* writeWeights(output, found);
  return [`Weights "${output}": ${tensors.size} arrays with ${WHOSE[to]}`];
});
