import { keyOf, stream } from "../../core/random.ts";
import { clsId, MASK_VALUE, type TokenBatch } from "../../core/tokens.ts";
import type { Size } from "./sizes.ts";

/** A made-up batch: full rows, two fifths of the values masked; the same for the same size. */
export function batchOf({ genes, length, cells }: Size): TokenBatch {
  const random = stream(keyOf(1)), size = cells * length;
  const each = <A>(token: () => A, cell: A) => (_: unknown, i: number) =>
    i % length ? token() : cell;
  const masked = Uint8Array.from({ length: size }, each(() => random.uniform() < 0.4 ? 1 : 0, 0));
  const target = Float32Array.from({ length: size }, each(random.exponential, 0));
  return {
    cells: Uint32Array.from({ length: cells }, (_, i) => i),
    length,
    genes: Int32Array.from({ length: size }, each(() => random.below(genes), clsId(genes))),
    input: target.map((value, i) => masked[i] ? MASK_VALUE : value),
    target,
    padding: new Uint8Array(size),
    masked,
    obs: {},
  };
}
