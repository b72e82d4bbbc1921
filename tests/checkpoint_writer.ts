/**
 * A program that writes one numbered checkpoint after the other, going on from the last, and prints
 * the number of each that is written. It is there to be killed.
 *
 * @module
 */

import process from "node:process";
import { openCheckpoints } from "../streams/checkpoint/store.ts";
import { identityOf, layout, numbered } from "./checkpoint_bookmarks.ts";

const [folder, size] = process.argv.slice(2);
const { newest, write } = openCheckpoints(folder, identityOf(layout), { keep: 2 });
for (let i = (await newest(1))?.bookmark?.step ?? 0;;) {
  await write(numbered(++i, Number(size)));
  await new Promise((told) => process.stdout.write(`${i}\n`, told));
}
