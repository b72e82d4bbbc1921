import { keyOf, stream } from "../../core/random.ts";
import { clsId, MASK_VALUE, padId, type TokenBatch } from "../../core/tokens.ts";
import { type Size, usedOf } from "./sizes.ts";

/** A made-up batch: two fifths of the values masked; the same for the same size. */
export function batchOf(shape: Size): TokenBatch {
  const { genes, length, cells } = shape, size = cells * length, used = usedOf(shape);
  const random = stream(keyOf(1));
  const each = <A>(token: () => A, cell: A, padding: A) => (_: unknown, i: number) =>
    i % length === 0 ? cell : i % length < used[Math.floor(i / length)] ? token() : padding;
  const masked = Uint8Array.from(
    { length: size },
    each<number>(() => random.uniform() < 0.4 ? 1 : 0, 0, 0),
  );
  const target = Float32Array.from({ length: size }, each(random.exponential, 0, 0));
  return {
    cells: Uint32Array.from({ length: cells }, (_, i) => i),
    length,
    genes: Int32Array.from(
      { length: size },
      each(() => random.below(genes), clsId(genes), padId(genes)),
    ),
    input: target.map((value, i) => masked[i] ? MASK_VALUE : value),
    target,
    padding: Uint8Array.from({ length: size }, each<number>(() => 0, 0, 1)),
    masked,
    obs: {},
  };
}
