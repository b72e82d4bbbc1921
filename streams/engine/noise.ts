/**
 * Dropout by number: every engine that draws a site's bytes by its key drops the same values.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs";
import type { Draw, Noise } from "../../core/model/program.ts";
import { derive, drawnRate, type Key } from "../../core/random.ts";
import { fillKeepQuickly } from "./dropout/fill_keep.ts";

/** One call of `noise.keep` in a program. */
export interface NoiseSite {
  readonly shape: readonly number[];
  readonly rate: number;
}

/** What kept values are multiplied by, rounded to float32. */
export const keepScale = (site: NoiseSite): number => Math.fround(1 / (1 - drawnRate(site.rate)));

/** Fills `keep` with the bytes of the `index`-th site of a run: 1 kept, 0 dropped. */
export function fillSite(
  keep: Uint8Array,
  { site, index }: { readonly site: NoiseSite; readonly index: number },
  draw: Draw,
): void {
  const { key, from, cells } = partOf(draw);
  fillKeepQuickly(keep, {
    rate: site.rate,
    key: siteKey(key, index),
    from: keep.length / cells * from,
  });
}

/** The key that the `index`-th site of a run draws by. */
export const siteKey = (key: Key, index: number): Key => derive(key, "dropout", index);

/** The part of a batch that a draw is for: a key alone draws for one that is all there is. */
export const partOf = (draw: Draw): Exclude<Draw, Key> =>
  "key" in draw ? draw : { key: draw, from: 0, cells: 1 };

/** A noise that numbers the sites in the order of the calls and leaves each to `draw`. */
export function noiseBy(draw: (site: NoiseSite, index: number) => tf.Tensor): Noise {
  let sites = 0;
  return {
    training: true,
    keep(shape, rate) {
      const drawn = drawnRate(rate);
      if (!(drawn >= 0 && drawn < 1)) {
        throw new RangeError(`Cannot drop values at rate ${rate}: it must lie within [0, 1)`);
      }
      const index = sites++;
      return drawn === 0 ? undefined : draw({ shape, rate }, index);
    },
  };
}

/** The noise of programs that infer. */
export const silence: Noise = { training: false, keep: () => undefined };
