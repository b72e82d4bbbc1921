/**
 * Drawing the bytes of a dropout site: the WebAssembly loop against plain JavaScript, in turn.
 *
 * `deno run --allow-read bench/dropout.ts` prints a table and, with `--json`, JSON.
 *
 * @module
 */

import { fillKeep, keyOf } from "../core/random.ts";
import { fillerOf } from "../streams/engine/dropout/fill_keep.ts";
import { keepModule } from "../streams/engine/dropout/keep_loop.ts";

/** Sites of a transformer: the weights of attention, and a hidden layer. */
const sites = [
  { name: "demo, attention: 32 × 4 × 49 × 49", bytes: 32 * 4 * 49 ** 2 },
  { name: "real, hidden: 32 × 129 × 64", bytes: 32 * 129 * 64 },
  { name: "real, attention: 32 × 4 × 129 × 129", bytes: 32 * 4 * 129 ** 2 },
  { name: "paper, attention: 8 × 8 × 513 × 513", bytes: 8 * 8 * 513 ** 2 },
];
const ROUNDS = 9, RATE = 0.15;

const begun = performance.now();
const quick = fillerOf(keepModule());
quick(new Uint8Array(1), { rate: RATE, key: keyOf(0) });
const start = performance.now() - begun;

const fillers = { WebAssembly: quick, JavaScript: fillKeep };
const rows = sites.flatMap(({ name, bytes }) => {
  const keep = new Uint8Array(bytes), repeats = Math.ceil(4e6 / bytes);
  const times = Object.entries(fillers).map(([filler, fill]) => ({
    site: name,
    filler,
    fill,
    nanoseconds: [] as number[],
  }));
  // The first round compiles and touches fresh memory; it is not counted.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const { fill, nanoseconds } of times) {
      const begun = performance.now();
      for (let i = 0; i < repeats; i++) fill(keep, { rate: RATE, key: keyOf(round) });
      if (round > 0) nanoseconds.push((performance.now() - begun) / repeats / bytes * 1e6);
    }
  }
  return times;
});

if (Deno.args.includes("--json")) console.log(JSON.stringify({ start, rows }, null, 2));
else {
  console.log(`First byte ${start.toFixed(1)} ms after the module was asked for.`);
  console.log("| site | filler | ns a byte: median (range) |\n|---|---|---:|");
  for (const { site, filler, nanoseconds } of rows) {
    const sorted = nanoseconds.toSorted((a, b) => a - b).map((ns) => ns.toFixed(2));
    console.log(`| ${site} | ${filler} | ${sorted[ROUNDS >> 1]} (${sorted[0]}–${sorted.at(-1)}) |`);
  }
}
