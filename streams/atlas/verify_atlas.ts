/**
 * Whether every byte of an atlas is as it was written, and every cell readable.
 *
 * @module
 */

import { Effect, type Scope } from "effect";
import { createHash } from "node:crypto";
import { InputError } from "../../core/errors.ts";
import { attemptAsync } from "../attempt.ts";
import { openBytes } from "../bytes/open_bytes.ts";
import { joinPlace } from "../bytes/place.ts";
import { type Atlas, openAtlas } from "./open_atlas.ts";
import { shardRefusal } from "./open_shards.ts";

/** Begins to count things, and hears how many of how many are done. */
export type BeginCount = (
  nouns: string,
) => Effect.Effect<(done: number, all: number) => void, never, Scope.Scope>;

const UNSEEN: BeginCount = () => Effect.succeed(() => {});
const PART = 2 ** 22, BATCH = 1024;

/**
 * Compares every shard of the atlas in `folder` with its hash, then reads it from beginning to end:
 * sizes and counts are held against the footers, checksums against the pages, genes and values
 * against what cells may be. Returns the number of cells; fails at the first row group that is damaged,
 * and names it. Where a hash is wrong, that row group is looked for in its shard.
 */
export const verifyAtlas: (
  folder: string,
  begin?: BeginCount,
) => Effect.Effect<number, InputError> = Effect.fn("verifyAtlas")(
  function* (folder: string, begin = UNSEEN) {
    const atlas = yield* openAtlas(folder);
    const wrong = yield* Effect.scoped(
      Effect.flatMap(begin("MB"), (show) => firstWrong(atlas, show)),
    );
    const { rows, name } = wrong ?? { rows: { from: 0, to: atlas.cells } };
    const cells = yield* Effect.scoped(
      Effect.flatMap(begin("cells"), (show) => readCells(atlas, rows, show)),
    );
    if (name === undefined) return cells;
    return yield* new InputError({
      message: `Cannot verify atlas shard "${name}": its bytes are not those that were written, ` +
        "though each of its cells can be read; copy or import the atlas again",
    });
  },
  Effect.scoped,
);

/** The first shard whose hash is not that of the manifest, and its rows; undefined where there is none. */
const firstWrong = Effect.fnUntraced(
  function* ({ folder, manifest: { shards } }: Atlas, show: (done: number, all: number) => void) {
    const all = shards.reduce((sum, { bytes }) => sum + bytes, 0);
    let done = 0, from = 0;
    for (const { file: name, rows, sha256 } of shards) {
      const doing = `Cannot verify atlas shard "${name}"`;
      const hash = yield* attemptAsync(
        doing,
        () =>
          hashOf(joinPlace(folder, name), (bytes) => {
            done += bytes;
            show(Math.ceil(done / 1e6), Math.ceil(all / 1e6));
          }).catch((cause) => {
            throw shardRefusal(doing, cause);
          }),
      );
      if (hash !== sha256) return { name, rows: { from, to: from + rows } };
      from += rows;
    }
  },
);

/** The SHA-256 of a file; `show` hears of the bytes as they are read. */
async function hashOf(place: string, show: (bytes: number) => void): Promise<string> {
  const hash = createHash("sha256"), bytes = await openBytes(place);
  try {
    for (let from = 0; from < bytes.size; from += PART) {
      const part = new Uint8Array(Math.min(PART, bytes.size - from));
      await bytes.read(part, from);
      hash.update(part);
      show(part.length);
    }
  } finally {
    await bytes.close();
  }
  return hash.digest("hex");
}

/** Reads cells `from … to - 1`, which are whole shards, with all that is said of them, and counts them. */
const readCells = (
  atlas: Atlas,
  { from, to }: { readonly from: number; readonly to: number },
  show: (done: number, all: number) => void,
): Effect.Effect<number, InputError> =>
  attemptAsync(`Cannot read atlas "${atlas.folder}"`, async () => {
    const columns = atlas.columns.map(({ name }) => name), reader = atlas.open();
    const request = { batch: BATCH, order: "stored", columns, from } as const;
    let cell = from, block = 0, start = 0;

    /** Reads the numbers of the row groups up to `end`. */
    async function readNumbers(end: number): Promise<void> {
      for (; block < atlas.sizes.length && start + atlas.sizes[block] <= end; block++) {
        for (const name of start < from ? [] : atlas.manifest.numbers) {
          await reader.numbers(block, name);
        }
        start += atlas.sizes[block];
      }
    }
    try {
      for await (const batch of atlas.read(request)) {
        cell = Math.min(to, cell + batch.cells.length);
        show(cell - from, to - from);
        await readNumbers(cell);
        if (cell === to) break;
      }
    } finally {
      await reader.close();
    }
    return cell - from;
  });
