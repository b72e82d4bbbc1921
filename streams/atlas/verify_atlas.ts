/**
 * Whether every byte of an atlas is as it was written, and every cell readable.
 *
 * @module
 */

import { Effect } from "effect";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { InputError } from "../../core/errors.ts";
import { attemptAsync } from "../attempt.ts";
import { openAtlas } from "./open_atlas.ts";

/**
 * Reads the atlas in `folder` from beginning to end: fails at the first shard whose hash is not that
 * of the manifest, and at the first cell that cannot be read; returns the number of cells.
 */
export const verifyAtlas: (folder: string) => Effect.Effect<number, InputError> = Effect.fn(
  "verifyAtlas",
)(function* (folder: string) {
  const atlas = yield* openAtlas(folder);
  for (const { file, sha256 } of atlas.manifest.shards) {
    yield* attemptAsync(`Cannot verify atlas shard "${file}"`, async () => {
      const hash = createHash("sha256");
      for await (const part of createReadStream(join(folder, file))) hash.update(part);
      if (hash.digest("hex") === sha256) return;
      throw new InputError({
        message:
          `Cannot verify atlas shard "${file}": its bytes are not those that were written; ` +
          "copy or import the atlas again",
      });
    });
  }
  const columns = atlas.columns.map(({ name }) => name);
  return yield* attemptAsync(`Cannot read atlas "${folder}"`, async () => {
    let cells = 0;
    for await (const batch of atlas.read({ batch: 1024, order: "stored", columns })) {
      cells += batch.cells.length;
    }
    return cells;
  });
}, Effect.scoped);
