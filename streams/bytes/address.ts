/**
 * What lies at an address as a source of bytes, read part by part.
 *
 * @module
 */

import type { ByteSource } from "./byte_source.ts";
import { askFirst } from "./first_answer.ts";
import { type Patience, patient } from "./patience.ts";
import { fillFromAddress } from "./part.ts";
import { shownAddress, urlOf } from "./place.ts";

/** How an address is read. */
export interface AddressOptions {
  /** Bytes at its end that come with the first answer, for the first reads; 64 KiB unless given. */
  readonly tail?: number;
  /** Requests at once to one host, from this thread; 6 unless given. */
  readonly atOnce?: number;
  /** Ends every read that goes on. */
  readonly signal?: AbortSignal;
  /** How long to go on with what fails. */
  readonly patience?: Patience;
}

/**
 * Opens what lies at an address by one request, which also brings its last bytes: a Parquet file begins to
 * be read there. They are kept until something before them is read. Large reads are cut into parts that
 * are asked for at once; a request that fails in a way that may pass is made again.
 *
 * Every answer is held against the first: its size, and its ETag or the time of its last change. A server
 * that sends neither can replace the bytes by as many others unnoticed.
 *
 * @throws InputError where the server says no, sends no parts, or fails again and again; what the signal
 *   was aborted with.
 */
export async function openAddress(
  address: string,
  options: AddressOptions = {},
): Promise<ByteSource> {
  const { tail = 2 ** 16, atOnce = 6, signal, patience = patient(address) } = options;
  const stop = new AbortController(), pass = () => stop.abort(signal?.reason);
  signal?.throwIfAborted();
  signal?.addEventListener("abort", pass);
  const forget = () => signal?.removeEventListener("abort", pass);
  const remote = { address: urlOf(address), patience, atOnce, signal: stop.signal };

  const first = await askFirst(remote, tail).catch((cause) => {
    forget();
    throw cause;
  });
  const { size } = first;
  let kept = first.end;
  const reading = new Set<Promise<void>>();

  async function read(into: Uint8Array, from: number): Promise<void> {
    stop.signal.throwIfAborted();
    const to = from + into.length;
    if (into.length === 0) return;
    if (!(from >= 0) || to > size) throw new RangeError(`it ends at byte ${size}`);
    const start = size - kept.length, missing = Math.max(0, Math.min(to, start) - from);
    if (to > start) into.set(kept.subarray(from + missing - start, to - start), missing);
    // Whoever reads elsewhere has read the end.
    else kept = new Uint8Array();
    await fillFromAddress(remote, first, { into: into.subarray(0, missing), from });
  }

  return {
    name: shownAddress(address),
    size,
    version: `${size}-${first.validator?.value ?? ""}`,
    async read(into, from) {
      const job = read(into, from);
      reading.add(job);
      try {
        await job;
      } finally {
        reading.delete(job);
      }
    },
    async close() {
      forget();
      stop.abort(new RangeError("it is closed"));
      await Promise.allSettled(reading);
    },
  };
}
