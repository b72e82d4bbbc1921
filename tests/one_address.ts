/**
 * One file on a server, and what reading it gives.
 *
 * @module
 */

import assert from "node:assert/strict";
import { InputError } from "../core/errors.ts";
import { type AddressOptions, openAddress } from "../streams/bytes/address.ts";
import {
  fastPatience,
  numbered,
  type Script,
  type Served,
  type Server,
  withServer,
} from "./http_server.ts";

/** A file of this size, and the headers that tell of its version. */
export const file = (size: number, headers: Served["headers"] = { ETag: '"one"' }): Served => ({
  bytes: numbered(size),
  headers,
});
/** A server on which nothing goes wrong. */
export const fine: Script = () => undefined;

/** Runs `use` with a server that has `served` at an address with a secret. */
export async function serving(
  served: Served,
  script: Script,
  use: (server: Server, address: string) => Promise<void>,
): Promise<void> {
  await withServer(script, async (server) => {
    server.files.set("/a", served);
    await use(server, `${server.address}/a?key=secret`);
  });
}

/** All bytes at an address. */
export async function bytesAt(address: string, options: AddressOptions = {}): Promise<Uint8Array> {
  const source = await openAddress(address, { patience: fastPatience(), ...options });
  const bytes = new Uint8Array(source.size);
  await source.read(bytes, 0).finally(() => source.close());
  return bytes;
}

/** The one sentence with which reading that address fails, without what they have in common. */
export async function sentenceOf(job: Promise<unknown>): Promise<string> {
  const error = await job.then(() => undefined, (cause) => cause);
  assert.ok(error instanceof InputError, `${error}`);
  assert.match(error.message, /^Cannot read "http:\/\/127\.0\.0\.1:\d+\/a\?…": [^\n]*[^.\n]$/);
  assert.doesNotMatch(error.message, /secret/);
  return error.message.replace(/^.*?": /, "");
}
