import { equal, ok, rejects } from "node:assert/strict";
import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Effect } from "effect";
import fc from "fast-check";
import { parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { InputError } from "../core/errors.ts";
import { schemaOf } from "../streams/atlas/encode_group.ts";
import { COUNTS, GENES } from "../streams/atlas/layout.ts";
import type { Manifest } from "../streams/atlas/manifest.ts";
import { openAtlas } from "../streams/atlas/open_atlas.ts";
import { writeAtlas } from "../streams/atlas/write_atlas.ts";
import { countsDictionary } from "../streams/parquet/dictionary.ts";
import { synthesise } from "../streams/reading/synthesise.ts";
import { withFolder } from "./atlas_folder.ts";
import { assertSame } from "./first_difference.ts";
import { readAll } from "./laws/source_laws.ts";

Deno.test("countsDictionary() gives codes of the values, the most frequent first", () => {
  const { values, codes } = countsDictionary(Float32Array.of(9, 1, 70_000, 1, 9, 1))!;
  assertSame([...values], [1, 9, 70_000]);
  assertSame([...codes], [1, 0, 2, 0, 1, 0]);
  equal(countsDictionary(Float32Array.from({ length: 1000 }, (_, i) => i / 7)), undefined);
  equal(countsDictionary(Float32Array.of(-0, 0, 1)), undefined);
});

Deno.test("writeAtlas() writes Parquet that another reader reads alike", () =>
  withFolder(async (folder) => {
    const shape = { cells: 1500, genes: 90, cellTypes: 3, dataSets: 2, modules: 4, depth: 80 };
    const made = synthesise({ ...shape, seed: 1 });
    const { shards } = await run(writeAtlas(join(folder, "a"), {
      ...made,
      numbers: [],
      provenance: "",
      batches: made.batches(),
    }));
    const bytes = readFileSync(join(folder, "a", shards[0].file));
    const rows = await parquetReadObjects({ file: new Uint8Array(bytes).buffer, compressors });
    const all = await run(
      Effect.scoped(
        Effect.flatMap(
          openAtlas(join(folder, "a")),
          (atlas) => Effect.promise(() => readAll(atlas, { batch: 1500, order: "stored" })),
        ),
      ),
    );
    for (const [i, row] of rows.entries()) {
      assertSame([...row[GENES]], [...all.genes.subarray(all.offsets[i], all.offsets[i + 1])]);
      assertSame([...row[COUNTS]], [...all.values.subarray(all.offsets[i], all.offsets[i + 1])]);
      for (const { name, categories } of made.columns) {
        equal(row[name], categories[all.obs[name][i]]);
      }
    }
  }));

Deno.test("schemaOf() takes the smallest integers that hold all genes and counts", () => {
  const layout = { values: "counts", columns: [], numbers: [] } as const;
  const types = (genes: number, largest: number) =>
    schemaOf({ ...layout, genes }, largest).flatMap(({ converted_type }) =>
      converted_type?.startsWith("UINT") ? [converted_type] : []
    );
  assertSame(types(65_536, 65_535), ["UINT_16", "UINT_16"]);
  assertSame(types(65_537, 65_536), ["UINT_32", "UINT_32"]);
});

// Row groups of 20; v1: version 1 pages, snappy and zstd; v2: version 2 pages, brotli and gzip, among
// them encodings that only the slow path reads.
for (const file of ["pyarrow_v1.parquet", "pyarrow_v2.parquet"]) {
  Deno.test(`openAtlas() reads a shard that pyarrow wrote: ${file}`, () =>
    withFolder(async (folder) => {
      adopt(folder, fixture(file));
      const [all, numbers] = await run(
        Effect.scoped(Effect.flatMap(openAtlas(folder), (atlas) =>
          Effect.promise(async () =>
            [
              await readAll(atlas, { batch: 50, order: "stored" }),
              await atlas.open().numbers(1, "x"),
            ] as const
          ))),
      );
      // Cell i names every (i + 1)-th gene, with counts gene + i + 1; the lists of cell 3 are empty or null.
      for (let i = 0; i < 50; i++) {
        const genes = [...all.genes.subarray(all.offsets[i], all.offsets[i + 1])];
        const expected = i === 3
          ? []
          : [...Array(40).keys()].filter((gene) => gene % (i + 1) === 0);
        assertSame(genes, expected);
        const values = [...all.values.subarray(all.offsets[i], all.offsets[i + 1])];
        assertSame(values, expected.map((gene) => gene + i + 1));
        equal(all.obs.kind[i], [1, -1, 0][i % 3]);
      }
      assertSame(
        [...numbers],
        Array.from({ length: 20 }, (_, i) => i % 4 === 0 ? NaN : 10 + i / 2),
      );
    }));
}

Deno.test("openAtlas() refuses a list with an element that is null", () =>
  withFolder(async (folder) => {
    adopt(folder, fixture("pyarrow_null_element.parquet"));
    await run(
      Effect.scoped(
        Effect.flatMap(
          openAtlas(folder),
          (atlas) =>
            Effect.promise(() =>
              rejects(readAll(atlas, { batch: 50, order: "stored" }), {
                message:
                  'Cannot read atlas shard "one.parquet", row group 1: an element is null; ' +
                  "copy or import the atlas again",
              })
            ),
        ),
      ),
    );
  }));

Deno.test("openAtlas() gives the same cells or an InputError, whichever bit of a shard is flipped", () =>
  withFolder(async (folder) => {
    const shape = { cells: 40, genes: 30, cellTypes: 2, dataSets: 1, modules: 2, depth: 40 };
    const made = synthesise({ ...shape, seed: 1 }), path = join(folder, "a");
    const { shards } = await run(
      writeAtlas(path, { ...made, numbers: [], provenance: "", batches: made.batches() }),
    );
    const shard = join(path, shards[0].file), bytes = readFileSync(shard);
    const read = Effect.scoped(Effect.flatMap(openAtlas(path), (atlas) =>
      Effect.tryPromise({
        try: () => readAll(atlas, { batch: 40, order: "stored" }),
        catch: (cause) => cause,
      })));
    const whole = await run(read);
    let refused = 0;
    const check = async (bit: number) => {
      const damaged = Uint8Array.from(bytes);
      damaged[bit >> 3] ^= 1 << (bit & 7);
      writeFileSync(shard, damaged);
      const outcome = await Effect.runPromise(Effect.result(read));
      if (outcome._tag === "Success") return assertSame(outcome.success, whole);
      refused++;
      ok(outcome.failure instanceof InputError, `bit ${bit}: ${outcome.failure}`);
      ok(outcome.failure.message.includes(shards[0].file), outcome.failure.message);
    };
    await fc.assert(fc.asyncProperty(fc.nat(bytes.length * 8 - 1), check), { numRuns: 400 });
    ok(refused > 200, `only ${refused} of 400 flipped bits were noticed`);
  }));

const run = Effect.runPromise;
const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

/** Makes an atlas of one shard that was written elsewhere. */
function adopt(folder: string, shard: string): void {
  const symbols = Array.from({ length: 40 }, (_, gene) => `G${gene}\n`).join("");
  const hash = (bytes: string | Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  const manifest: Manifest = {
    format: "gil-atlas",
    version: 1,
    vocabulary: { file: "genes.txt", genes: 40, sha256: hash(symbols) },
    values: "counts",
    cells: 50,
    columns: [{ name: "kind", categories: ["b", "a"] }],
    numbers: ["x"],
    shards: [{
      file: "one.parquet",
      rows: 50,
      bytes: statSync(shard).size,
      sha256: hash(readFileSync(shard)),
    }],
    order: "as given",
    provenance: "pyarrow",
  };
  copyFileSync(shard, join(folder, "one.parquet"));
  writeFileSync(join(folder, "genes.txt"), symbols);
  writeFileSync(join(folder, "atlas.json"), JSON.stringify(manifest));
}
