/**
 * The first pass of an import: every cell is read once, and put where the cells of its neighbourhood
 * in the atlas are collected.
 *
 * @module
 */

import { Effect } from "effect";
import type { InputError } from "../../../core/errors.ts";
import { inTurn } from "../../atlas/in_turn.ts";
import { attempt } from "../../attempt.ts";
import type { Joined, JoinedRows } from "../join.ts";
import type { RecordShape } from "./cell_record.ts";
import type { Progress } from "./progress.ts";
import { openSpill, type Spill } from "./spill.ts";
import type { Workshop } from "./workshop.ts";

/** An import that is under way. */
export interface Work {
  /** What fails where something fails, "Cannot write atlas …". */
  readonly doing: string;
  readonly joined: Joined;
  readonly shape: RecordShape;
  readonly workshop: Workshop;
  /** Cells between two records of how far it is. */
  readonly interval: number;
  /** The place in the atlas of the cell of a row of the inputs. */
  placeOf(row: number): number;
}

/**
 * Collects the cells that `progress` does not tell of and returns how far the import is then.
 *
 * @param onCells Told after every batch how many are collected.
 */
export const collectCells: (
  work: Work,
  progress: Progress,
  onCells: (collected: number) => void,
) => Effect.Effect<Progress, InputError> = Effect.fnUntraced(function* (work, progress, onCells) {
  if (progress.collected === progress.cells) return progress;
  const { doing, joined, shape, workshop } = work;
  return yield* Effect.acquireUseRelease(
    attempt(doing, () => {
      const { room, bytes } = progress;
      return collector(work, progress, openSpill(workshop.spill, { shape, room, bytes }));
    }),
    ({ add, finish }) =>
      inTurn(doing, joined.rows(progress.collected), async (rows) => onCells(await add(rows)))
        .pipe(Effect.andThen(Effect.promise(finish))),
    ({ close }) => Effect.promise(close),
  );
});

/** Writes cells down, and now and then how many there are. */
function collector(work: Work, before: Progress, spill: Spill) {
  const { joined, workshop, interval, placeOf } = work;
  const popularity = Uint32Array.from(before.popularity);
  let { collected, empty } = before, recorded = collected;
  let pending: Promise<void> | undefined, failed: { readonly cause: unknown } | undefined;

  function count({ offsets, genes }: JoinedRows): void {
    for (let i = 0; i + 1 < offsets.length; i++) if (offsets[i] === offsets[i + 1]) empty++;
    for (let e = 0; e < genes.length; e++) popularity[genes[e]]++;
  }
  /** What is written down so far; it holds once the file is on the disk. */
  function now(): Progress {
    recorded = collected;
    const bytes = spill.flush();
    return { ...before, collected, empty, bytes, popularity: [...popularity] };
  }
  /** Records how far the import is, while it goes on. */
  function record(progress: Progress): void {
    pending = spill.sync().then(() => workshop.record(progress))
      .catch((cause) => {
        failed = { cause };
      })
      .finally(() => {
        pending = undefined;
      });
  }

  return {
    add(rows: JoinedRows): Promise<number> {
      if (failed) return Promise.reject(failed.cause);
      const codes = joined.columns.map(({ name }) => rows.obs[name]);
      const numbers = joined.numbers.map((name) => rows.numbers[name]);
      spill.add({ ...rows, codes, numbers }, (i) => placeOf(rows.first + i));
      count(rows);
      collected += rows.offsets.length - 1;
      if (collected - recorded >= interval && pending === undefined) record(now());
      return Promise.resolve(collected);
    },
    async finish(): Promise<Progress> {
      await pending;
      const progress = now();
      record(progress);
      await pending;
      if (failed) throw failed.cause;
      return progress;
    },
    async close(): Promise<void> {
      await pending;
      spill.close();
    },
  };
}
