/**
 * Reads a made-up study twice and tells what it has read; for a test that runs it in a process of its
 * own, whose cache folder is another one.
 *
 * @module
 */

import { Effect } from "effect";
import { synthetic } from "../plugins/sources/synthetic.ts";
import { readAll } from "./laws/source_laws.ts";

const [shape, request] = Deno.args.map((text) => JSON.parse(text));
const read = Effect.scoped(
  Effect.flatMap(synthetic(shape), (source) => Effect.promise(() => readAll(source, request))),
);
for (let time = 0; time < 2; time++) {
  const cells = await Effect.runPromise(read);
  const listed = (_: string, part: unknown) =>
    ArrayBuffer.isView(part) ? Array.from(part as Float32Array) : part;
  console.log(JSON.stringify(cells, listed));
}
