import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { golden } from "./golden.ts";
import { assertSame } from "./first_difference.ts";
import { imported, refusal } from "./imported.ts";

const path = (name: string) => new URL(`../../shared/data/${name}`, import.meta.url).pathname;

/** Registers a test that reads a real data set; it is ignored, and says so, where there is none. */
function real(claim: string, check: () => Promise<void>): void {
  const ignore = !existsSync(path("pbmc3k"));
  Deno.test({ name: ignore ? `${claim} (ignored: no shared data)` : claim, ignore, fn: check });
}

const fetal = path("fetal_telencephalon_lognorm/ayush_val.h5ad");
golden<{
  readonly config: {
    readonly datasets: { readonly corpus: readonly string[] };
    readonly vocab_genes: readonly string[];
    readonly slice_sha256: string;
  };
}>(
  "importAtlas() reproduces the reference's cells bit by bit",
  "gil/gil_run.json",
  async ({ config }) => {
    const inputs = config.datasets.corpus.map((name) => path(`${name}/${name}.h5ad`));
    const { genes, values, offsets, cells } = (await imported(inputs, {
      genes: config.vocab_genes,
      duplicates: "first",
    })).batch;
    const hash = createHash("sha256");
    for (let cell = 0; cell < cells.length; cell++) {
      const from = offsets[cell], to = offsets[cell + 1];
      hash.update(Int32Array.from(genes.subarray(from, to)));
      hash.update(Int32Array.from(values.subarray(from, to)));
    }
    assertSame(hash.digest("hex"), config.slice_sha256);
  },
);

real(
  "importAtlas() gives the same cells from a 10x folder as from the h5ad file of the same matrix",
  async () => {
    const folder = await imported([`pbmc3k=${path("pbmc3k/10x_mtx")}`]);
    const file = await imported([path("pbmc3k/pbmc3k.h5ad")]);
    assertSame(file.batch.cells.length, 2700);
    assertSame(file.symbols.length, 32_643);
    assertSame(file.obs.celltype.filter((type) => type === undefined).length, 62);
    assertSame(folder.manifest.vocabulary, file.manifest.vocabulary);
    assertSame(folder.batch, file.batch);
  },
);

real("importAtlas() refuses, keeps or recovers log-normalised values", async () => {
  const refused = await refusal([fetal]);
  assertSame(refused.includes("--values recover --totals total_UMIs"), true);
  const logs = await imported([fetal], {
    values: "log1p",
    columns: ["cell_type", "is_primary_data"],
  });
  assertSame(logs.obs.is_primary_data[0], "True");
  const counts = await imported([fetal], {
    values: "recover",
    totals: "total_UMIs",
    columns: ["cell_type"],
  });
  assertSame(counts.batch.values.length, 287_530);
  assertSame(counts.batch.values.reduce((a, b) => Math.max(a, b)), 1986);
  assertSame(logs.batch.genes, counts.batch.genes);
  assertSame(logs.batch.offsets, counts.batch.offsets);
});
