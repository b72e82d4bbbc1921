/**
 * What an atlas says of itself, checked.
 *
 * @module
 */

import { Effect } from "effect";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { decode } from "../../core/decode.ts";
import { InputError } from "../../core/errors.ts";
import type { Vocabulary } from "../../core/vocabulary.ts";
import { attempt, attemptAsync } from "../attempt.ts";
import { isAddress, joinPlace, pathOf, shownPlace } from "../bytes/place.ts";
import { readWhole } from "../bytes/read_whole.ts";
import { checkNames } from "./check_names.ts";
import { Manifest, MANIFEST_FILE } from "./manifest.ts";

/** A manifest and the vocabulary that it names. */
export interface Contents {
  readonly manifest: Manifest;
  readonly vocabulary: Vocabulary;
}

/** Reads the manifest and the vocabulary of the atlas in a folder or at an address; no shard is touched. */
export const readManifest: (place: string) => Effect.Effect<Contents, InputError> = Effect.fn(
  "readManifest",
)(function* (place: string) {
  const shown = shownPlace(place), doing = `Cannot open atlas "${shown}"`;
  const refuse = (why: string) => new InputError({ message: `${doing}: ${why}` });
  const fault = yield* attempt(doing, () => folderFault(place));
  if (fault) return yield* refuse(fault);
  const bytesOf = (file: string) => attemptAsync(doing, () => readWhole(joinPlace(place, file)));
  const text = new TextDecoder().decode(yield* bytesOf(MANIFEST_FILE));
  const json = yield* Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: () => refuse(`${MANIFEST_FILE} is not JSON; copy or import the atlas again`),
  });
  const manifest = yield* decode(
    Manifest,
    json,
    `Cannot read ${MANIFEST_FILE} of atlas "${shown}"`,
  )
    .pipe(Effect.mapError(({ message }) => new InputError({ message })));

  const { file, genes, sha256 } = manifest.vocabulary;
  const lines = yield* bytesOf(file);
  const symbols = new TextDecoder("utf-8", { ignoreBOM: true }).decode(lines).split("\n")
    .slice(0, -1);
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

/** Why a folder cannot be an atlas; addresses answer for themselves. */
function folderFault(place: string): string | undefined {
  if (isAddress(place)) return undefined;
  if (!existsSync(pathOf(place))) return "there is no such file or folder";
  if (existsSync(joinPlace(place, MANIFEST_FILE))) return undefined;
  return `it has no ${MANIFEST_FILE}; "gil atlas import" makes an atlas`;
}
