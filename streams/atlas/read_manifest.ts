/**
 * What an atlas folder says of itself, checked.
 *
 * @module
 */

import { Effect } from "effect";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decode } from "../../core/decode.ts";
import { InputError } from "../../core/errors.ts";
import type { Vocabulary } from "../../core/vocabulary.ts";
import { attempt } from "../attempt.ts";
import { checkNames } from "./check_names.ts";
import { Manifest, MANIFEST_FILE } from "./manifest.ts";

/** A manifest and the vocabulary that it names. */
export interface Contents {
  readonly manifest: Manifest;
  readonly vocabulary: Vocabulary;
}

/** Reads the manifest and the vocabulary of the atlas in `folder`; no shard is touched. */
export const readManifest: (folder: string) => Effect.Effect<Contents, InputError> = Effect.fn(
  "readManifest",
)(function* (folder: string) {
  const doing = `Cannot open atlas "${folder}"`;
  const refuse = (why: string) => new InputError({ message: `${doing}: ${why}` });
  const path = join(folder, MANIFEST_FILE);
  if (existsSync(folder) && !existsSync(path)) {
    return yield* refuse(`it has no ${MANIFEST_FILE}; "gil atlas import" makes an atlas`);
  }
  const text = yield* attempt(doing, () => readFileSync(path, "utf8"));
  const json = yield* Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: () => refuse(`${MANIFEST_FILE} is not JSON; copy or import the atlas again`),
  });
  const manifest = yield* decode(
    Manifest,
    json,
    `Cannot read ${MANIFEST_FILE} of atlas "${folder}"`,
  )
    .pipe(Effect.mapError(({ message }) => new InputError({ message })));

  const { file, genes, sha256 } = manifest.vocabulary;
  const lines = yield* attempt(doing, () => readFileSync(join(folder, file)));
  const symbols = lines.toString("utf8").split("\n").slice(0, -1);
  if (createHash("sha256").update(lines).digest("hex") !== sha256 || symbols.length !== genes) {
    return yield* refuse(`${file} is not the vocabulary that the atlas was written with`);
  }
  const rows = manifest.shards.reduce((sum, shard) => sum + shard.rows, 0);
  if (rows !== manifest.cells) {
    return yield* refuse(`it claims ${manifest.cells} cells and its shards hold ${rows}`);
  }
  const vocabulary = { symbols };
  yield* attempt(doing, () => checkNames({ ...manifest, vocabulary }));
  return { manifest, vocabulary };
});
