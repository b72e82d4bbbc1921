import { match, ok } from "node:assert/strict";
import { Effect } from "effect";
import { join } from "node:path";
import { writeAtlas } from "../streams/atlas/write_atlas.ts";
import { describeFile, fileInWords } from "../streams/foreign/describe_file.ts";
import { syntheticAtlas } from "../streams/reading/synthesise.ts";
import { withFolder } from "./atlas_folder.ts";
import { refusalsOfFlippedEnds } from "./flipped_ends.ts";
import { writeForeign } from "./foreign_files.ts";

const SHAPE = { genes: 40, cellTypes: 3, dataSets: 1, modules: 3, depth: 60, seed: 1 };

Deno.test("describeFile() names a damaged file, wherever a bit of its end is another", () =>
  withFolder(async (folder) => {
    const atlas = join(folder, "atlas"), file = join(atlas, "cells-00000.parquet");
    await Effect.runPromise(writeAtlas(atlas, syntheticAtlas({ ...SHAPE, cells: 300 })));
    const ends = { bytes: 2000, step: 3 };
    const refused = await refusalsOfFlippedEnds(file, ends, describeFile(file));
    for (const message of refused) ok(message.startsWith(`Cannot read "${file}": `), message);
    ok(refused.length > 50, `${refused.length} refused`);
  }));

Deno.test("fileInWords() says of a file without rows which columns it has", () =>
  withFolder(async (folder) => {
    const file = join(folder, "cells.parquet");
    writeForeign(file, []);
    const lines = fileInWords(await Effect.runPromise(describeFile(file)), 80);
    match(lines.join("\n"), /^rows +0\nfile +0 row groups, .*\ngenes +lists of FLOAT\n/m);
  }));
