import { equal } from "node:assert/strict";
import fc from "fast-check";
import { batchBytes, batchIn } from "../streams/reading/staging/batch_buffer.ts";
import { countEntries, fillBatch } from "../streams/reading/staging/gather.ts";
import { makeStaging, reserveEntries } from "../streams/reading/staging/staging.ts";
import { PIECE } from "../streams/reading/staging/widen_kernel.ts";
import { assertSame } from "./first_difference.ts";

const length = fc.oneof(
  fc.nat(20),
  fc.integer({ min: 60, max: 300 }),
  fc.constantFrom(0, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 7),
);

Deno.test("fillBatch() gathers what a loop gathers, short genes and long, in any order", () =>
  fc.assert(
    fc.property(
      fc.array(length, { minLength: 1, maxLength: 9 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      fc.constantFrom("short", "long"),
      (lengths, drawn, kind) => {
        const rows = lengths.length, picks = Uint32Array.from(drawn, (pick) => pick % rows);
        const staging = makeStaging(kind as "short", 1, { bytes: Infinity, used: 0 });
        const offsets = staging.offsets = new Uint32Array(rows + 1);
        lengths.forEach((length, row) => offsets[row + 1] = offsets[row] + length);
        reserveEntries(staging, Math.max(1, offsets[rows]));
        const largest = kind === "short" ? 2 ** 16 : 2 ** 32;
        for (let e = 0; e < offsets[rows]; e++) {
          staging.genes[e] = Math.imul(e + 1, 0x9E3779B1) >>> 0 & (largest - 1);
          staging.values[e] = e + 0.5;
        }
        staging.cells = Uint32Array.from({ length: rows }, (_, row) => 100 + row);
        staging.codes[0] = Int32Array.from({ length: rows }, (_, row) => row - 1);

        const entries = countEntries(staging, picks);
        const shape = { cells: picks.length, entries, columns: ["a"] };
        const batch = batchIn(new ArrayBuffer(batchBytes(shape)), shape);
        fillBatch(batch, staging, picks);
        const wanted = [...picks].flatMap((row) =>
          Array.from({ length: lengths[row] }, (_, i) => offsets[row] + i)
        );
        equal(entries, wanted.length);
        assertSame(batch.genes, Uint32Array.from(wanted, (entry) => staging.genes[entry]));
        assertSame(batch.values, Float32Array.from(wanted, (entry) => staging.values[entry]));
        assertSame(batch.cells, picks.map((row) => 100 + row));
        assertSame(batch.obs.a, Int32Array.from(picks, (row) => row - 1));
        let at = 0;
        const ends = [0, ...Array.from(picks, (row) => at += lengths[row])];
        assertSame(batch.offsets, Uint32Array.from(ends));
      },
    ),
    { numRuns: 150 },
  ));
