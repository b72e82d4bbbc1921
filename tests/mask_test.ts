import { ok } from "node:assert/strict";
import fc from "fast-check";
import { keyOf } from "../core/random.ts";
import { clsId, MASK_VALUE, padId, type TokenBatch } from "../core/tokens.ts";
import { uniform } from "../plugins/samplers/uniform.ts";
import { mask } from "../streams/mask.ts";
import { sample } from "../streams/sample.ts";
import { assertSame } from "./first_difference.ts";
import { cellBatch, key } from "./laws/arbitraries.ts";
import { through } from "./laws/through.ts";

const GENES = 9;
const unmasked = fc.record({
  cells: cellBatch({ genes: GENES, maxCells: 5, scale: "log1p" }),
  length: fc.integer({ min: 1, max: GENES + 1 }),
}).map(async ({ cells, length }) =>
  (await through(sample(uniform(), { length, genes: GENES, key: keyOf(1) }), cells))[0]
);
const rate = fc.nat(10).map((tenths) => tenths / 10);

const law = (
  claim: string,
  check: (tokens: TokenBatch, masked: (tokens: TokenBatch) => Promise<TokenBatch>) => Promise<void>,
) =>
  Deno.test(`mask() ${claim}`, () =>
    fc.assert(
      fc.asyncProperty(unmasked, rate, key(), async (tokens, rate, key) =>
        await check(await tokens, async (tokens) => (await through(mask(rate, key), tokens))[0])),
    ));

law("hides the value where masked and nowhere else", async (tokens, masked) => {
  const { input, masked: hidden, target } = await masked(tokens);
  assertSame(input, target.map((value, p) => hidden[p] === 1 ? MASK_VALUE : value));
});

law("spares the cell token and padding", async (tokens, masked) => {
  const { genes, masked: hidden } = await masked(tokens);
  for (const id of genes.filter((_, p) => hidden[p] === 1)) {
    ok(id !== clsId(GENES) && id !== padId(GENES), `token ${id} is masked`);
  }
});

law("changes nothing else and never writes its input", async (tokens, masked) => {
  const before = structuredClone(tokens);
  const { input: _input, masked: _masked, ...rest } = await masked(tokens);
  assertSame(tokens, before);
  const { input: _before, masked: _none, ...same } = before;
  assertSame(rest, same);
});

law("masks a cell alike in every batch", async (tokens, masked) => {
  const together = await masked(tokens);
  for (let i = tokens.cells.length - 1; i >= 0; i--) {
    assertSame((await masked(row(tokens, i))).masked, row(together, i).masked);
  }
});

Deno.test("mask() masks nothing at rate 0 and every gene at rate 1", () =>
  fc.assert(fc.asyncProperty(unmasked, key(), async (tokens, key) => {
    const before = await tokens;
    const [none] = await through(mask(0, key), before), [all] = await through(mask(1, key), before);
    assertSame(none, before);
    assertSame(all.masked, before.genes.map((id) => id < GENES ? 1 : 0));
  })));

Deno.test("mask() masks the share it is told, position by position, each on its own", async () => {
  const cells = 4000, length = 7;
  const tokens = {
    cells: Uint32Array.from({ length: cells }, (_, i) => i),
    length,
    genes: new Int32Array(cells * length),
    input: new Float32Array(cells * length),
    target: new Float32Array(cells * length),
    padding: new Uint8Array(cells * length),
    masked: new Uint8Array(cells * length),
    obs: {},
  };
  const [{ masked }] = await through(mask(0.4, keyOf(6)), tokens);
  const share = (test: (i: number) => boolean) =>
    Array.from({ length: cells }, (_, i) => Number(test(i))).reduce((a, b) => a + b) / cells;
  const near = (found: number, p: number) =>
    ok(Math.abs(found - p) < 5 * Math.sqrt(p * (1 - p) / cells), `${found} instead of ${p}`);
  for (let p = 1; p < length; p++) {
    near(share((i) => masked[i * length + p] === 1), 0.4);
    if (p === 1) continue;
    near(share((i) => masked[i * length + p] === 1 && masked[i * length + p - 1] === 1), 0.16);
  }
});

/** One row of a batch of tokens. */
function row(tokens: TokenBatch, i: number): TokenBatch {
  const from = i * tokens.length, to = from + tokens.length;
  return {
    cells: tokens.cells.subarray(i, i + 1),
    length: tokens.length,
    genes: tokens.genes.subarray(from, to),
    input: tokens.input.subarray(from, to),
    target: tokens.target.subarray(from, to),
    padding: tokens.padding.subarray(from, to),
    masked: tokens.masked.subarray(from, to),
    obs: {},
  };
}
