import { Schema } from "effect";
import { required, setting, source } from "../../core/plugin.ts";
import { MEMORY, openAtlas } from "../../streams/atlas/open_atlas.ts";

/** Reads an atlas from its folder or address. How it is read changes no cell and no order. */
export const atlas = source({
  id: "atlas",
  purpose: "reads the cells of an atlas: a folder of Parquet shards, or the address of one",
  config: {
    path: required(Schema.NonEmptyString, "folder of the atlas, or its address"),
    workers: setting(
      Schema.NullOr(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))),
      null,
      "workers that decode; null for what suits the atlas and the machine, 0 for none",
    ),
    memory: setting(Schema.NonEmptyString, MEMORY, "what reading may hold in memory"),
    onDamage: setting(
      Schema.Literals(["fail", "skip"]),
      "fail",
      "what becomes of a run that meets cells that cannot be read: it ends, or goes on without them",
    ),
  },
  make: ({ path, workers, ...means }) =>
    openAtlas(path, { ...means, ...(workers !== null && { workers }) }),
});
