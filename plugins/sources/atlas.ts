import { Schema } from "effect";
import { required, source } from "../../core/plugin.ts";
import { openAtlas } from "../../streams/atlas/open_atlas.ts";

/** Reads an atlas from its folder. */
export const atlas = source({
  id: "atlas",
  purpose: "reads the cells of an atlas: a folder of Parquet shards",
  config: { path: required(Schema.NonEmptyString, "folder of the atlas") },
  make: ({ path }) => openAtlas(path),
});
