import assert from "node:assert/strict";
import fc from "fast-check";
import { learningFeeds, lessonFeeds, shareOf, tokenFeeds } from "../core/model/feeds.ts";
import { clsId, padId } from "../core/tokens.ts";
import { assertSame } from "./first_difference.ts";
import { tokenBatch } from "./laws/arbitraries.ts";

const GENES = 6, LENGTH = 5, size = { genes: GENES, maxCells: 7, length: LENGTH };
const parts = fc.integer({ min: 1, max: 4 });

Deno.test("tokenFeeds() gives every row of a batch once, then rows without genes", () =>
  fc.assert(fc.property(tokenBatch(size), parts, (tokens, cells) => {
    const rows = tokens.cells.length, fed: ReturnType<typeof tokenFeeds>[] = [];
    for (let from = 0; from < rows; from += cells) fed.push(tokenFeeds(tokens, { from, cells }));
    const joined = (name: string) => fed.flatMap((feeds) => Array.from(feeds[name]));
    const extra = fed.length * cells - rows;
    const filler = (first: number, rest: number) =>
      Array.from({ length: extra * LENGTH }, (_, p) => p % LENGTH === 0 ? first : rest);
    assertSame(joined("genes"), [...tokens.genes, ...filler(clsId(GENES), padId(GENES))]);
    assertSame(joined("input"), [...tokens.input, ...filler(0, 0)]);
    assertSame(joined("padding"), [...tokens.padding, ...filler(0, 1)]);
  })));

Deno.test("learningFeeds() and lessonFeeds() give rows that are not there no weight", () =>
  fc.assert(fc.property(tokenBatch(size), parts, (tokens, cells) => {
    const rows = tokens.cells.length, width = 3, share = shareOf(tokens.masked);
    const numbered = (length: number) => Float32Array.from({ length }, (_, i) => 1 + i);
    const taught = {
      mlm: numbered(rows * LENGTH),
      mvc: numbered(rows * LENGTH),
      cells: numbered(rows * width),
      kept: shareOf(tokens.padding),
    };
    const whole: Record<string, Float32Array> = {
      target: tokens.target,
      share,
      "teacher.mlm": taught.mlm,
      "teacher.mvc": taught.mvc,
      "teacher.cells": taught.cells,
      kept: taught.kept,
    };
    for (const name in whole) {
      const found: number[] = [];
      for (let from = 0; from < rows; from += cells) {
        const feeds = {
          ...learningFeeds(tokens, share, { from, cells }),
          ...lessonFeeds(taught, tokens, { from, cells }),
        };
        assertSame(feeds[name].length, cells * (name === "teacher.cells" ? width : LENGTH));
        found.push(...feeds[name]);
      }
      const zeros = new Array(found.length - whole[name].length).fill(0);
      assertSame({ [name]: found }, { [name]: [...whole[name], ...zeros] });
    }
  })));

Deno.test("shareOf() shares 1 equally among what is flagged", () => {
  assertSame(shareOf(Uint8Array.of(0, 1, 1, 0, 1, 1)), Float32Array.of(0, .25, .25, 0, .25, .25));
  assertSame(shareOf(new Uint8Array(2)), new Float32Array(2));
});

Deno.test("tokenFeeds() refuses a row that the batch has not", () =>
  fc.assert(fc.property(tokenBatch(size), (tokens) => {
    const from = tokens.cells.length;
    assert.throws(() => tokenFeeds(tokens, { from, cells: 1 }), RangeError);
  })));
