import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Cause } from "effect";
import { sentenceOf } from "../streams/console/ending.ts";
import { withFolder } from "./atlas_folder.ts";
import { gil, writeExperiment } from "./resume_process.ts";

/** A module with a sampler that fails where nobody waits, in the midst of a life, as a file says. */
const failing = (file: string) =>
  `import { existsSync, readFileSync } from "node:fs";
  import { sampler } from "${import.meta.resolve("../core/plugin.ts")}";
  const file = ${JSON.stringify(file)}, where = existsSync(file) ? readFileSync(file, "utf8") : "";
  let cells = 0;
  const fail = () => { throw new Error("the disk of my own is full"); };
  function first(_genes, _values, _random, chosen) {
    chosen.forEach((_, i) => chosen[i] = i);
    if (++cells !== 150) return;
    if (where === "promise") Promise.resolve().then(fail);
    if (where === "timer") setTimeout(fail);
  }
  export const it = sampler({ id: "first", purpose: "takes the first", config: {}, make: () => first });`;

Deno.test("gil run tells what fails where nobody waits for it in a sentence, and can be resumed", () =>
  withFolder(async (above) => {
    const file = join(above, "where"), folder = join(above, "run");
    writeFileSync(join(above, "first.ts"), failing(file));
    const experiment = await writeExperiment(above, {
      plugins: ["./first.ts"],
      sampler: { use: "first" },
      seeds: [1],
    });
    const begin = ["run", experiment, "--output", folder], goOn = ["resume", folder];
    for (const [where, args] of [["promise", begin], ["timer", goOn]] as const) {
      writeFileSync(file, where);
      const { code, err } = await gil([...args, "--checkpoint-every", "5 steps"]).ended;
      assert.equal(code, 1, err);
      assert.doesNotMatch(err, /\n {4}at |Error:|Uncaught/);
      assert.match(
        err,
        /\nCannot go on: the disk of my own is full; this is a mistake in gil or in a plugin, GIL_DEBUG=1 shows where\n$/,
      );
    }
    rmSync(file);
    const { code, err } = await gil(goOn).ended;
    assert.equal(code, 0, err);
  }));

Deno.test("sentenceOf() makes a sentence of whatever is thrown", () => {
  for (const thrown of ["no disk", undefined, 3]) {
    assert.equal(
      sentenceOf(Cause.die(thrown)),
      `Cannot go on: ${thrown}; this is a mistake in gil or in a plugin, GIL_DEBUG=1 shows where`,
    );
  }
});
