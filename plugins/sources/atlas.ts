import { Schema } from "effect";
import { place, required, source } from "../../core/plugin.ts";
import { openAtlas } from "../../streams/atlas/open_atlas.ts";
import { readingSettings } from "../../streams/reading/reading_settings.ts";

/** Reads an atlas from its folder or address. How it is read changes no cell and no order. */
export const atlas = source({
  id: "atlas",
  purpose: "reads the cells of an atlas: a folder of Parquet shards, or the address of one",
  config: {
    path: place(required(Schema.NonEmptyString, "folder of the atlas, or its address")),
    ...readingSettings("atlas"),
  },
  make: ({ path, workers, ...means }) =>
    openAtlas(path, { ...means, ...(workers !== null && { workers }) }),
});
