/**
 * Our own conversions as a program that is measured: an h5ad file, or cells that are made up, as an
 * atlas.
 *
 * @module
 */

import { Effect } from "effect";
import process from "node:process";
import { createInterface } from "node:readline";
import { writeAtlas } from "../../streams/atlas/write_atlas.ts";
import { importAtlas } from "../../streams/import/import_atlas.ts";
import type { ConvertingAnswer, ConvertingGreeting, ConvertingRequest } from "./converting.ts";
import { madeUp } from "./made_up.ts";
import { peakMemory } from "./process.ts";

async function convert(request: ConvertingRequest): Promise<void> {
  const { output } = request;
  if (request.convert === "made-up") {
    const { symbols, columns, batches } = madeUp(request.shape);
    const rest = { values: "counts", numbers: [], provenance: "made up" } as const;
    const input = { vocabulary: { symbols }, columns, batches: batches(), ...rest };
    await Effect.runPromise(writeAtlas(output, input));
  }
  if (request.convert === "atlas") {
    // Peers do not add up genes of the same symbol: nothing is added up here either.
    const options = { symbols: "index", keepOrder: request.order === "as given" } as const;
    await Effect.runPromise(importAtlas({ inputs: [request.h5ad], output, options }));
  }
}

const request: ConvertingRequest = JSON.parse(process.argv[2]);
const tell = (line: ConvertingGreeting | ConvertingAnswer) => console.log(JSON.stringify(line));
tell({ name: "gil" });
for await (const _ of createInterface({ input: process.stdin })) {
  const begun = performance.now(), used = process.cpuUsage();
  try {
    await convert(request);
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
  const { user, system } = process.cpuUsage(used);
  const seconds = (performance.now() - begun) / 1000;
  tell({ seconds, cpu: (user + system) / 1e6, peak: peakMemory() });
}
