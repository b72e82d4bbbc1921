/**
 * An import in a process of its own, to be killed: input, output, bytes of a shard, and the share of
 * the work after which it stands still, when it says so.
 *
 * @module
 */

import { Effect } from "effect";
import { importAtlas } from "../streams/import/import_atlas.ts";

const [input, output, shardBytes, share] = Deno.args;
const request = { inputs: [input], output, shardBytes: Number(shardBytes), interval: 2000 };
await Effect.runPromise(importAtlas(request, {
  tell: console.log,
  progress({ done, all }) {
    if (done < Number(share) * all) return;
    console.log("stands still");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
}));
