/**
 * Atlases that can be made again at any time, kept in the user's cache folder.
 *
 * @module
 */

import { Effect } from "effect";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import process from "node:process";
import { attempt } from "../attempt.ts";
import { MANIFEST_FILE } from "../atlas/manifest.ts";
import { openAtlas } from "../atlas/open_atlas.ts";
import { type AtlasInput, writeAtlas } from "../atlas/write_atlas.ts";

/**
 * Where things are kept that can be made again: `XDG_CACHE_HOME`, or `.cache` in the home folder where
 * that is empty or relative (XDG Base Directory Specification).
 */
export function cacheFolder(): string {
  const { XDG_CACHE_HOME: named = "" } = process.env;
  return join(isAbsolute(named) ? named : join(homedir(), ".cache"), "gil");
}

/**
 * Opens the atlas that `recipe` makes; writes it first when the cache folder does not hold it.
 *
 * @param recipe Everything that the cells depend on: another recipe, another atlas.
 */
export const openCached = Effect.fn("openCached")(function* (recipe: unknown, input: AtlasInput) {
  const name = createHash("sha256").update(JSON.stringify(recipe)).digest("hex").slice(0, 16);
  const folder = join(cacheFolder(), `atlas-${name}`);
  const isThere = () => existsSync(join(folder, MANIFEST_FILE));
  yield* attempt(
    `Cannot make "${cacheFolder()}"`,
    () => mkdirSync(cacheFolder(), { recursive: true }),
  );
  if (!isThere()) {
    yield* writeAtlas(folder, input).pipe(
      // Somebody else who wrote the same atlas meanwhile did no harm.
      Effect.catch((error) => isThere() ? Effect.void : Effect.fail(error)),
    );
  }
  return yield* openAtlas(folder);
});
