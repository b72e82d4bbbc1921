import assert from "node:assert/strict";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { withFolder } from "./atlas_folder.ts";
import { assertSame } from "./first_difference.ts";
import { leftIn } from "./resume_lives.ts";
import {
  assertSentence,
  gil,
  untilTold,
  writeExperiment,
  writeSmallAtlas,
} from "./resume_process.ts";

/** Runs `use` with a run that was killed, as often as it wants one, and what it would have come to. */
async function withKilled(
  use: (
    killed: () => string,
    places: { readonly finished: string; readonly atlas: string },
  ) => Promise<void>,
): Promise<void> {
  await withFolder(async (above) => {
    const experiment = await writeExperiment(above), first = join(above, "first");
    const life = gil(["run", experiment, "--output", first, "--checkpoint-every", "7 steps"]);
    await untilTold(first, life, 9000);
    life.child.kill("SIGKILL");
    assert.equal((await life.ended).code, "SIGKILL");
    const finished = join(above, "finished");
    cpSync(first, finished, { recursive: true });
    const { code, err } = await gil(["resume", finished]).ended;
    assert.equal(code, 0, err);
    let copies = 0;
    const killed = () => {
      const copy = join(above, `copy-${copies++}`);
      cpSync(first, copy, { recursive: true });
      return copy;
    };
    await use(killed, { finished, atlas: join(above, "atlas") });
  });
}

/** The newest checkpoint of a seed. */
function newestOf(folder: string, seed: number): string {
  const shelf = join(folder, "checkpoints", `seed-${seed}`);
  return join(shelf, readdirSync(shelf).filter((name) => /^\d+$/.test(name)).sort().at(-1)!);
}

Deno.test("gil resume uses the checkpoint before a damaged one, says so, and comes to the same", () =>
  withKilled(async (killed, { finished }) => {
    const folder = killed(), passed: string[] = [];
    for (const seed of [1, 2]) {
      const newest = newestOf(folder, seed), files = readdirSync(newest);
      const [file, share, flip] = fc.sample(
        fc.tuple(fc.constantFrom(...files), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(7)),
        1,
      )[0];
      const bytes = readFileSync(join(newest, file));
      bytes[Math.min(bytes.length - 1, Math.floor(share * bytes.length))] ^= 1 << flip;
      writeFileSync(join(newest, file), bytes);
      passed.push(newest);
    }
    const { code, err } = await gil(["resume", folder]).ended;
    assert.equal(code, 0, err);
    for (const path of passed) {
      assert.ok(
        err.includes(`\nCannot use checkpoint "${path}": `) || err.startsWith("Cannot use"),
      );
      assert.ok(err.includes(path), err);
    }
    assertSame(leftIn(folder), leftIn(finished));
  }));

Deno.test("gil resume goes on from its events, cut off within what no checkpoint counts, or refuses", () =>
  withKilled(async (killed, { finished }) => {
    const torn = killed(), events = (folder: string) => join(folder, "events.jsonl");
    const text = readFileSync(events(torn), "utf8");
    writeFileSync(events(torn), `${text}{"type":"step","met`);
    const shortened = killed(), damaged = killed(), gone = killed();
    writeFileSync(events(shortened), text.slice(0, text.length / 4));
    writeFileSync(events(damaged), text.replace(/"loss":[\d.]+/, '"loss":0..1'));
    rmSync(events(gone));
    const [goesOn, ...refused] = await Promise.all(
      [torn, shortened, damaged, gone].map((folder) => gil(["resume", folder]).ended),
    );
    assert.equal(goesOn.code, 0, goesOn.err);
    assertSame(leftIn(torn), leftIn(finished));
    for (const { code } of refused) assert.equal(code, 1);
    assertSentence(refused[0].err, /^Cannot go on with events ".*": \d+ of the \d+ that were told/);
    assertSentence(refused[1].err, /^Cannot read events ".*": line \d+ is not a run event/);
    assertSentence(refused[2].err, /^Cannot go on with events ".*": 0 of the \d+ that were told/);
    writeFileSync(events(damaged), text);
    assert.equal((await gil(["resume", damaged]).ended).code, 0);
    assertSame(leftIn(damaged), leftIn(finished));
  }));

Deno.test("gil resume refuses an experiment that was edited, naming what, and another atlas", () =>
  withKilled(async (killed, { finished, atlas }) => {
    const edited = killed(),
      said = killed(),
      path = (folder: string) => join(folder, "experiment.json");
    const text = readFileSync(path(edited), "utf8"), experiment = JSON.parse(text);
    const { training } = experiment;
    const write = (change: object) =>
      writeFileSync(path(edited), JSON.stringify({ ...experiment, ...change }));
    write({ training: { ...training, rate: 0.004 } });
    const { code, err } = await gil(["resume", edited]).ended;
    assert.equal(code, 1);
    assertSentence(err, /"training.rate" is 0.003 there and 0.004 here$/);

    writeFileSync(path(said), text.slice(0, text.length / 2));
    const half = await gil(["resume", said]).ended;
    assert.equal(half.code, 2);
    assertSentence(half.err, /^Cannot read experiment ".*": line \d+ is not JSON/);

    // How it is computed changes nothing that is computed.
    write({ parallel: 1, about: "the same" });
    assert.equal((await gil(["resume", edited]).ended).code, 0);
    const results = (folder: string) => leftIn(folder).filter((file) => !/experiment/.test(file));
    assertSame(results(edited), results(finished));

    const other = killed();
    rmSync(atlas, { recursive: true });
    await writeSmallAtlas(atlas, 3);
    const { code: refused, err: why } = await gil(["resume", other]).ended;
    assert.equal(refused, 1);
    assertSentence(why, /it is of another atlas, with as many genes and cells but other contents$/);
    assert.ok(existsSync(newestOf(other, 1)));
  }));
