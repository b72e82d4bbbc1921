/**
 * Our reader as a program that is measured.
 *
 * @module
 */

import { Effect, Scope } from "effect";
import process from "node:process";
import { derive, keyOf } from "../../core/random.ts";
import type { Column } from "../../core/source.ts";
import { openAtlas } from "../../streams/atlas/open_atlas.ts";
import { readManifest } from "../../streams/atlas/read_manifest.ts";
import { type Lease, streamAtlas } from "../../streams/reading/stream_atlas.ts";
import type { ReadingRequest, SeenBatch } from "./reading.ts";
import { type ReadBatch, serve } from "./serve.ts";

/** What this program is asked for. */
export interface OurRequest extends ReadingRequest {
  /** Folder of the atlas. */
  readonly atlas: string;
  /** Workers that decode; 0 decodes on the main thread. */
  readonly workers: number;
  /** Memory that reading may take; the reader's own choice unless given. */
  readonly memory?: string | undefined;
}

/** A lease as the bench sees it. */
function readBatch(lease: Lease, { name, categories }: Column): ReadBatch {
  const { cells, offsets, values, obs, release } = lease;
  const look = (): SeenBatch => ({
    labels: Array.from(obs[name], (code) => categories[code] ?? ""),
    entries: Array.from(cells, (_, i) => offsets[i + 1] - offsets[i]),
    sums: Array.from(cells, (_, i) => {
      return values.subarray(offsets[i], offsets[i + 1]).reduce((a, b) => a + b, 0);
    }),
  });
  return { cells: cells.length, entries: values.length, look, release };
}

const request: OurRequest = JSON.parse(process.argv[2]);
const { atlas, label, workers, memory, batch, go } = request;

async function read(): Promise<void> {
  const { manifest } = await Effect.runPromise(readManifest(atlas));
  const column = manifest.columns.find(({ name }) => name === label);
  if (!column) throw new Error(`the atlas has no column "${label}"`);
  const means = { workers, ...(memory && { memory }) };
  const scope = await Effect.runPromise(Scope.make());
  const open = () => Effect.runPromise(Scope.provide(openAtlas(atlas, means), scope));
  let opened: ReturnType<typeof open> | undefined;

  async function* epochs(epoch: number): AsyncGenerator<ReadBatch> {
    // Files are opened and workers begun anew only where that is what is measured.
    const leases = go === "anew"
      ? streamAtlas(atlas, { ...means, batch, labels: [label], order: { seed: 1, epoch } })
      : (await (opened ??= open())).lend({
        batch,
        columns: [label],
        order: derive(keyOf(1), "epoch", epoch),
      });
    for await (const lease of leases) yield readBatch(lease, column!);
  }
  await serve(`gil, Deno ${Deno.version.deno}`, request, epochs);
}

await read().catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});
