/**
 * The second pass of an import: the collected cells, in the order of the atlas, become its shards.
 *
 * @module
 */

import { Effect } from "effect";
import { InputError } from "../../../core/errors.ts";
import type { AtlasInput } from "../../atlas/atlas_input.ts";
import { atlasWriter, type PlacedCells } from "../../atlas/atlas_writer.ts";
import { encodeHere, encodeInWorkers } from "../../atlas/group_encoder.ts";
import { inTurn } from "../../atlas/in_turn.ts";
import type { Layout } from "../../atlas/layout.ts";
import type { Manifest } from "../../atlas/manifest.ts";
import { attempt, attemptAsync } from "../../attempt.ts";
import type { Work } from "./collect_cells.ts";
import { ranksOf } from "./gene_order.ts";
import { orderingCells } from "./ordered_cells.ts";
import type { Progress } from "./progress.ts";
import { openSpilled } from "./spilled.ts";

/** How the atlas is to be. */
export interface Arrangement extends Pick<AtlasInput, "order" | "seed" | "shardBytes"> {
  /** The genes of the records in the order of the vocabulary. */
  readonly genes: Uint32Array;
}

/** Cells that are not worth the start of a worker. */
const FEW = 8192;
/** Workers that encode: it takes as long as to put the cells in order, and each takes memory. */
const WORKERS = 1;

/**
 * Writes the shards that `progress` does not tell of, and the manifest, which it returns.
 *
 * @param onCells Told after every batch how many are written.
 */
export const arrangeCells: (
  work: Work,
  progress: Progress,
  options: Arrangement & { readonly onCells: (written: number) => void },
) => Effect.Effect<Manifest, InputError> = Effect.fnUntraced(function* (work, progress, options) {
  const { doing, joined, workshop, shape } = work, { genes, onCells, ...rest } = options;
  const vocabulary = {
    symbols: Array.from(genes, (gene) => joined.vocabulary.symbols[gene]),
  };
  const { values, columns, numbers, provenance } = joined;
  const input = { vocabulary, values, columns, numbers, provenance, ...rest };
  const layout: Layout = { genes: genes.length, values, columns, numbers };
  const { cells, shards, bytes, room } = progress;
  const from = shards.reduce((sum, { rows }) => sum + rows, 0);
  return yield* Effect.acquireUseRelease(
    attempt(doing, () => {
      const spilled = openSpilled(workshop.spill, { shape, room, bytes, cells });
      const encoder = cells - from <= FEW ? encodeHere : encodeInWorkers(WORKERS);
      return { spilled, encoder, writer: atlasWriter(workshop.atlas, input, { encoder, shards }) };
    }),
    ({ spilled, writer }) => {
      const order = orderingCells(layout, ranksOf(genes));
      let recorded = shards.length, written = from;
      async function* ordered(): AsyncGenerator<PlacedCells> {
        for (const loaded of spilled.loads(from)) yield* order(loaded);
      }
      const record = (complete: boolean) => {
        recorded = writer.shards().length;
        workshop.record({ ...progress, shards: [...writer.shards()], complete });
      };
      return inTurn(doing, ordered(), async (cells) => {
        await writer.place(cells);
        if (writer.shards().length > recorded) record(false);
        onCells(written += cells.count);
      }).pipe(
        Effect.andThen(attemptAsync(doing, () => writer.finish())),
        Effect.tap(attempt(doing, () => record(true))),
      );
    },
    ({ spilled, encoder, writer }) =>
      Effect.sync(() => {
        encoder.close();
        writer.close();
        spilled.close();
      }),
  );
});
