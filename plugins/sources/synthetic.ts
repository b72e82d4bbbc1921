import { Schema } from "effect";
import { setting, source } from "../../core/plugin.ts";
import { Positive } from "../../core/quantities.ts";
import { openCached } from "../../streams/reading/cached_atlas.ts";
import { syntheticAtlas } from "../../streams/reading/synthesise.ts";

/**
 * Makes up cells and reads them like any others: they are written to Parquet shards in the cache folder
 * once. The same configuration, the same cells.
 */
export const synthetic = source({
  id: "synthetic",
  purpose: "makes up cells with cell types, gene modules and data sets, and keeps them as an atlas",
  config: {
    cells: setting(Positive, 3000, "number of cells"),
    genes: setting(Positive, 800, "number of genes"),
    cellTypes: setting(Positive, 6, "number of cell types"),
    dataSets: setting(Positive, 2, "number of data sets, which share some of the cell types"),
    modules: setting(Positive, 12, "number of groups of genes that go up and down together"),
    depth: setting(
      Schema.Finite.check(Schema.isGreaterThan(0)),
      800,
      "median of the sum of a cell's counts",
    ),
    seed: setting(Schema.Int, 1, "seed of everything that is made up"),
  },
  make: (config) => openCached(["synthetic", 4, config], syntheticAtlas(config)),
});
