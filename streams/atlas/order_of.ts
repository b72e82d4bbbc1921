/**
 * How well reading an atlas at random mixes one of its columns.
 *
 * @module
 */

import { Effect } from "effect";
import type { InputError } from "../../core/errors.ts";
import { derive, keyOf } from "../../core/random.ts";
import type { ReadRequest } from "../../core/source.ts";
import { attemptAsync } from "../attempt.ts";
import type { Shape } from "../reading/plan/block_order.ts";
import { planRead } from "../reading/plan/plan_read.ts";
import { labelMixing, type Mixing } from "../reading/label_mixing.ts";
import { lookAtAtlas } from "./open_atlas.ts";
import { shapeOf } from "./read_atlas.ts";

/** Which batches to look at. */
export interface OrderRequest {
  /** The column. */
  readonly label: string;
  /** Cells in a batch. */
  readonly batch: number;
  readonly seed: number;
  /** As in a read request: the atlas knows what is good. */
  readonly block?: number | undefined;
  readonly window?: number | undefined;
}

/** How well a column is mixed. */
export interface OrderReport extends Required<Omit<OrderRequest, "block" | "window">>, Shape {
  readonly cells: number;
  /** Categories that some cell has. */
  readonly categories: number;
  /** Of a random order, as this shape has it. */
  readonly drawn: Mixing;
  /** Of the order of the files. */
  readonly stored: Mixing;
  /** A shape that mixes well enough, where this one does not and one was found. */
  readonly better?: Shape & { readonly share: number };
}

/** The share of a truly random order's entropy from which a column counts as mixed. */
export const MIXED = 0.9;

/** Measures one epoch of the atlas in `folder`; of its cells only the column is read. */
export const orderOf: (
  folder: string,
  request: OrderRequest,
) => Effect.Effect<OrderReport, InputError> = Effect.fn("orderOf")(
  function* (folder: string, { label, batch, seed, block, window }: OrderRequest) {
    const atlas = yield* lookAtAtlas(folder), { cells } = atlas.manifest;
    const codes = yield* attemptAsync(
      `Cannot read atlas "${folder}"`,
      () => atlas.scan.codesOf(label),
    );
    const order = derive(keyOf(seed), "epoch", 0);
    const good = shapeOf(atlas, { order, batch });
    const shape = { block: block ?? good.block, window: window ?? good.window };
    const mixingOf = (order: ReadRequest["order"], shape: Shape) =>
      labelMixing(planRead(cells, { order }, shape), codes, batch);
    const drawn = mixingOf(order, shape);
    const better = drawn.share < MIXED
      ? wider(cells, shape).map((shape) => ({ ...shape, share: mixingOf(order, shape).share }))
        .find(({ share }) => share >= MIXED)
      : undefined;
    return {
      label,
      batch,
      seed,
      ...shape,
      cells,
      categories: new Set(codes).difference(new Set([-1])).size,
      drawn,
      stored: mixingOf("stored", shape),
      ...(better && { better }),
    };
  },
);

/** Shapes that mix better, each at a higher price than the one before. */
function wider(cells: number, { block, window }: Shape): Shape[] {
  const shapes: Shape[] = block > 64 ? [{ block: 64, window }] : [];
  for (let large = 2 * window; large < 2 * cells && shapes.length < 6; large *= 2) {
    shapes.push({ block: Math.min(block, 64), window: large });
  }
  return shapes;
}
