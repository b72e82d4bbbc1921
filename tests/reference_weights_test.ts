import assert from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "../core/errors.ts";
import { layoutOf } from "../core/model/program.ts";
import { fromReference, toReference } from "../core/model/reference_weights.ts";
import { assertSame } from "./first_difference.ts";

const LAYOUT = layoutOf([
  { name: "embedding.weight", shape: [3, 2] },
  { name: "layer.self_attn.in_proj.weight", shape: [2, 3] },
  { name: "layer.self_attn.in_proj.bias", shape: [3] },
  { name: "conv.weight", shape: [2, 3, 4] },
]);
const SIZE = LAYOUT.size;

Deno.test("fromReference() gives back what toReference() was given", () =>
  fc.assert(
    fc.property(
      fc.float32Array({ minLength: SIZE, maxLength: SIZE, noNaN: true }),
      (weights) => assertSame(fromReference(toReference(weights, LAYOUT), LAYOUT, "test"), weights),
    ),
  ));

Deno.test("toReference() turns all but the gene table, under the reference's names", () => {
  const weights = Float32Array.from({ length: SIZE }, (_, i) => i);
  const stored = toReference(weights, LAYOUT);
  assertSame([...stored.keys()], [
    "embedding.weight",
    "layer.self_attn.in_proj_weight",
    "layer.self_attn.in_proj_bias",
    "conv.weight",
  ]);
  assertSame(stored.get("embedding.weight"), {
    shape: [3, 2],
    values: Float32Array.of(0, 1, 2, 3, 4, 5),
  });
  assertSame(stored.get("layer.self_attn.in_proj_weight"), {
    shape: [3, 2],
    values: Float32Array.of(6, 9, 7, 10, 8, 11),
  });
  // Element [3, 2, 1] of 4 × 3 × 2 is element [1, 2, 3] of 2 × 3 × 4.
  assertSame(stored.get("conv.weight")!.values[3 * 6 + 2 * 2 + 1], 15 + 1 * 12 + 2 * 4 + 3);
});

Deno.test("fromReference() refuses what is missing, left over or of another shape", () => {
  const weights = new Float32Array(SIZE), name = "conv.weight";
  const changed = (change: (stored: ReturnType<typeof toReference>) => void) => {
    const stored = toReference(weights, LAYOUT);
    change(stored);
    return () => fromReference(stored, LAYOUT, "test");
  };
  const says = (why: RegExp) => (error: unknown) =>
    error instanceof InputError && why.test(error.message);
  assert.throws(changed((s) => s.delete(name)), says(/"conv.weight" from "test": it is not there/));
  assert.throws(
    changed((s) => s.set(name, { shape: [2, 3, 4], values: new Float32Array(24) })),
    says(/its shape is \[2,3,4\] where \[4,3,2\] is expected/),
  );
  assert.throws(
    changed((s) => s.set(name, { shape: [4, 3, 2], values: new Float64Array(24) })),
    says(/not float32/),
  );
  assert.throws(
    changed((s) => s.set("decoder.9.bias", { shape: [1], values: new Float32Array(1) })),
    says(/no such weight/),
  );
  // Made by the reference and never used by it.
  changed((s) => s.set("layer_norm.bias", { shape: [1], values: new Float32Array(1) }))();
});
