/**
 * Streams an atlas in a process of its own and tells how much its memory grew meanwhile.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { streamAtlas } from "../streams/reading/stream_atlas.ts";

const [place, memory, workers, order, pause] = Deno.args;

/** Megabytes in memory now, or at most so far. */
const megabytes = (what: "VmRSS" | "VmHWM") =>
  Number(readFileSync("/proc/self/status", "utf8").match(`${what}:\\s+(\\d+)`)![1]) / 1000;

const before = megabytes("VmRSS");
let cells = 0, leases = 0;
for await (
  const batch of streamAtlas(place, {
    memory,
    workers: Number(workers),
    order: order === "stored" ? order : { seed: 1 },
  })
) {
  cells += batch.cells.length;
  if (leases++ % 8 === 0) await new Promise((resolve) => setTimeout(resolve, 8 * Number(pause)));
}
console.log(
  JSON.stringify({
    cells,
    grown: Math.round(megabytes("VmHWM") - before),
    before: Math.round(before),
  }),
);
