import assert from "node:assert/strict";
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { sha256Of } from "../streams/checkpoint/manifest.ts";
import { hashPlugins } from "../streams/run_folder/hash_plugins.ts";
import { withFolder } from "./atlas_folder.ts";
import { assertSame } from "./first_difference.ts";
import { assertSentence, gil, untilTold, writeExperiment } from "./resume_process.ts";

/** A module with a transform that multiplies. */
const scaling = (by: number) =>
  `import { map } from "${import.meta.resolve("rxjs")}";
  import { mapValues } from "${import.meta.resolve("../core/batch.ts")}";
  import { transform } from "${import.meta.resolve("../core/plugin.ts")}";
  const make = () => map((cells) => mapValues(cells, (value) => ${by} * value));
  export const scale = transform({ id: "scale", purpose: "multiplies", config: {}, make });`;

Deno.test("gil resume refuses a run whose plugin file was edited, until it is as it was", () =>
  withFolder(async (above) => {
    const plugin = join(above, "scale.ts"), folder = join(above, "run");
    writeFileSync(plugin, scaling(1));
    const experiment = await writeExperiment(above, {
      plugins: ["./scale.ts"],
      seeds: [1],
      transforms: [{ use: "log1p" }, { use: "scale" }],
      methods: { baseline: {} },
    });
    const life = gil(["run", experiment, "--output", folder, "--checkpoint-every", "5 steps"]);
    await untilTold(folder, life, 3000);
    life.child.kill("SIGKILL");
    assert.equal((await life.ended).code, "SIGKILL", life.err());

    writeFileSync(plugin, scaling(3));
    const { code, err } = await gil(["resume", folder]).ended;
    assert.equal(code, 1);
    assertSentence(
      err,
      /: plugin file ".*scale.ts" has changed since; put it back as it was, begin the run anew, or /,
    );
    cpSync(folder, `${folder}-changed`, { recursive: true });
    const changed = await gil(["resume", `${folder}-changed`, "--changed-plugins"]).ended;
    assert.equal(changed.code, 0, changed.err);
    assert.match(changed.err, /Goes on with plugin file ".*scale.ts" as it is now; what was done/);

    writeFileSync(plugin, scaling(1));
    const again = await gil(["resume", folder]).ended;
    assert.equal(again.code, 0, again.err);
    assert.doesNotMatch(again.err, /Goes on with plugin file/);
  }));

Deno.test("hashPlugins() knows files by their bytes, and nothing of packages", () =>
  withFolder((folder) => {
    const path = join(folder, "mine.ts"), url = pathToFileURL(path).href;
    writeFileSync(path, "export {};");
    const sha256 = sha256Of("export {};");
    assertSame(hashPlugins(["npm:plugins@1", path, url, "https://example.org/mine.ts"]), {
      [path]: sha256,
      [url]: sha256,
    });
    return Promise.resolve();
  }));
