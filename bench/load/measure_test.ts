import assert from "node:assert/strict";
import { join } from "node:path";
import { prepare } from "./data.ts";
import { entropyAtRandom, entropyOf } from "./entropy.ts";
import { rowsOf } from "./figures.ts";
import { rowLines } from "./lines.ts";
import { madeUp, type Shape } from "./made_up.ts";
import { measure } from "./measure.ts";
import { entrantOf } from "./programs.ts";
import { writeH5ad } from "./write_h5ad.ts";

const shape: Shape = { cells: 1500, genes: 400, molecules: 100 };

Deno.test("measure() measures readers of the same cells, and says why others are not there", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const from = join(folder, "cells.h5ad");
    await writeH5ad(from, madeUp(shape));
    const wanted = { folder, from, cells: 0, label: "plate", python: undefined, tell: () => {} };
    const data = await prepare(wanted), { truth } = data;
    assert.equal(truth.cells, shape.cells);
    assert.equal(Object.values(truth.labels).length, 12);

    const surroundings = {
      ...wanted,
      data,
      batch: 64,
      memory: undefined,
      pause: 0,
      go: "on",
    } as const;
    const names = ["ours:0", "parquet-wasm", "annbatch"];
    const entrants = names.map((name) => entrantOf(name, surroundings));
    const outcomes = await measure(entrants, { rounds: 1, seconds: 0.05 });
    const rows = rowsOf(entrants, outcomes, truth);
    for (const { figures } of rows.slice(0, 2)) {
      assert.ok(figures && figures.cellsPerSecond[1] > 0 && figures.first > 0);
      assert.equal(figures.doubts, "");
    }
    // Ours has cells of all plates in memory together; the other one takes them as they lie there.
    assert.ok(rows[0].figures!.entropy > 0.9 && rows[1].figures!.entropy < 0.5);
    assert.match(rows[2].name, /--install/);
    assert.equal(rowLines(rows, ["cells/s", "entropy"]).length, 2 + names.length);

    // Some cells are in no file any more, as if they had been read wrong.
    const signatures = truth.signatures.slice(shape.cells / 2);
    const [doubted] = rowsOf(entrants, outcomes, { ...truth, signatures });
    assert.match(doubted.figures!.doubts, /cells that are not in the file/);
    assert.throws(() => entrantOf("annbach", surroundings), /did you mean "annbatch"/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("madeUp() makes the same cells every time, plate by plate", async () => {
  const { batches } = madeUp(shape), plates: number[] = [];
  const again = madeUp(shape).batches();
  for await (const { cells, offsets, genes, values, obs } of batches()) {
    const { value } = await again.next();
    assert.deepEqual([value.genes, value.values], [genes, values]);
    plates.push(...obs.plate);
    for (let i = 0; i < cells.length; i++) {
      const own = genes.subarray(offsets[i], offsets[i + 1]);
      assert.ok(own.every((gene, e) => gene < shape.genes && (e === 0 || gene > own[e - 1])));
    }
    assert.ok(values.every((count) => count >= 1 && Number.isInteger(count)));
  }
  assert.equal(plates.length, shape.cells);
  assert.deepEqual(plates, plates.toSorted((a, b) => a - b));
});

Deno.test("entropyAtRandom() is the entropy of random batches, and of a batch of two by hand", () => {
  assert.equal(entropyOf(["a", "b", "a", "b"]), 1);
  assert.equal(entropyOf(["a", "a"]), 0);
  // Two cells of two equal labels differ every second time, and then have one bit.
  assert.ok(Math.abs(entropyAtRandom([5, 5], 2) - 0.5) < 1e-12);
  assert.ok(Math.abs(entropyAtRandom([7, 7, 7, 7], 100_000) - 2) < 1e-3);
});
