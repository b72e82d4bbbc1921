import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import process from "node:process";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { openCheckpoints } from "../streams/checkpoint/store.ts";
import { withFolder } from "./atlas_folder.ts";
import { bitsOf, identityOf, layout, numbered } from "./checkpoint_bookmarks.ts";
import { assertSame } from "./first_difference.ts";

const writer = fileURLToPath(new URL("checkpoint_writer.ts", import.meta.url));
/** Numbers that a checkpoint remembers: 400 kB, so that a kill finds it being written. */
const SIZE = 50_000;

/** Runs the writer until `delay` after its first word, kills it, and returns its last one. */
async function killed(folder: string, delay: number): Promise<number> {
  const child = spawn(process.execPath, ["run", "-A", "--no-check", writer, folder, `${SIZE}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let told = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => told += part);
  await once(child.stdout, "data");
  await setTimeout(delay);
  child.kill("SIGKILL");
  await once(child, "close");
  return Number(told.slice(0, told.lastIndexOf("\n")).split("\n").at(-1));
}

Deno.test("write() leaves a sound checkpoint whenever the process is killed, time after time", () =>
  withFolder(async (folder) => {
    const delays = fc.sample(fc.integer({ min: 0, max: 60 }), 8);
    for (const delay of delays) {
      const told = await killed(folder, delay);
      const found = await openCheckpoints(folder, identityOf(layout)).newest(1);
      const last = found?.bookmark?.step ?? 0;
      assert.ok(last === told || last === told + 1, `${last} found, ${told} told`);
      assertSame(bitsOf(found?.bookmark), bitsOf(numbered(last, SIZE)));
      for (const note of found?.notes ?? []) assert.match(note, /it was not finished$/);
    }
  }));
