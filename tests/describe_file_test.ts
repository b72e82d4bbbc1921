import assert from "node:assert/strict";
import { Cause, Effect, Exit } from "effect";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../core/errors.ts";
import { writeAtlas } from "../streams/atlas/write_atlas.ts";
import { describeFile } from "../streams/foreign/describe_file.ts";
import { syntheticAtlas } from "../streams/reading/synthesise.ts";
import { withFolder } from "./atlas_folder.ts";

const SHAPE = { genes: 40, cellTypes: 3, dataSets: 1, modules: 3, depth: 60, seed: 1 };

Deno.test("describeFile() names a damaged file, wherever a bit of its end is another", () =>
  withFolder(async (folder) => {
    const atlas = join(folder, "atlas"), file = join(atlas, "cells-00000.parquet");
    await Effect.runPromise(writeAtlas(atlas, syntheticAtlas({ ...SHAPE, cells: 300 })));
    const whole = readFileSync(file);
    let refused = 0;
    for (let back = 1; back < 2000; back += 3) {
      const damaged = Uint8Array.from(whole);
      damaged[whole.length - back] ^= 1 << back % 8;
      writeFileSync(file, damaged);
      const exit = await Effect.runPromiseExit(describeFile(file));
      if (Exit.isSuccess(exit)) continue;
      refused++;
      const error = Cause.squash(exit.cause);
      assert.ok(error instanceof InputError, `byte ${back} from the end: ${error}`);
      assert.ok(error.message.startsWith(`Cannot read "${file}": `), error.message);
    }
    assert.ok(refused > 50, `${refused} refused`);
  }));
