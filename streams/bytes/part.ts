/**
 * A part of what lies at an address, as it was when it was opened.
 *
 * @module
 */

import { tellsOthers } from "./answer.ts";
import { exhausted, type FirstAnswer } from "./first_answer.ts";
import { type Fault, isFault, persist } from "./patience.ts";
import { type Arriving, type Remote, type Reply, request } from "./request.ts";
import { together } from "./within.ts";

/** Bytes of a part that one request asks for at most. */
const PART = 4 * 2 ** 20;

/**
 * Fills `into` with the bytes from `from` on, by requests that go on at once; none goes on when this ends.
 * What has come when a connection breaks is not asked for again.
 *
 * @throws RangeError where the bytes are others than at first; InputError where the server says no, or
 *   fails again and again.
 */
export async function fillFromAddress(
  remote: Remote,
  known: Omit<FirstAnswer, "end">,
  { into, from }: { readonly into: Uint8Array; readonly from: number },
): Promise<void> {
  const jobs = Array.from({ length: Math.ceil(into.length / PART) }, (_, part) => {
    const begin = part * PART, bytes = into.subarray(begin, begin + PART);
    return (signal: AbortSignal) =>
      fillPart({ ...remote, signal }, known, { into: bytes, got: 0, from: from + begin });
  });
  await together(remote.signal, jobs);
}

/** A part on its way. */
interface Part extends Arriving {
  readonly from: number;
}

async function fillPart(
  remote: Remote,
  known: Omit<FirstAnswer, "end">,
  part: Part,
): Promise<void> {
  const done = await persist(remote.patience, remote.signal, () => {
    const { from, got, into } = part;
    const headers = { Range: `bytes=${from + got}-${from + into.length - 1}`, ...unless(known) };
    return request(remote, headers, (reply) => hear(reply, known, part));
  });
  if (isFault(done)) throw exhausted(remote, done);
}

/** Asks a server that has other bytes now for all of them, so that it says so. */
function unless({ validator }: Pick<FirstAnswer, "validator">): Record<string, string> {
  // A weak ETag cannot be asked with (RFC 9110, section 13.1.5); it is compared when it comes.
  return !validator || validator.value.startsWith("W/") ? {} : { "If-Range": validator.value };
}

async function hear(
  reply: Reply,
  { size, validator }: Omit<FirstAnswer, "end">,
  part: Part,
): Promise<Part | Fault> {
  const { answer } = reply, { into, from, got } = part;
  const others = tellsOthers(reply.headers, validator);
  if (others || answer.says === "no such part" || (answer.size ?? size) !== size) {
    throw new RangeError("it changed while it was read");
  }
  if (answer.says === "whole") return { fault: "the server sends it as a whole and no part of it" };
  if (answer.from !== from + got || answer.to !== from + into.length) {
    return { fault: "the server sends another part than it was asked for" };
  }
  const received = await reply.receive(part);
  if (!isFault(received)) {
    if (part.got === into.length) return part;
    return { fault: "the server sends less than it was asked for" };
  }
  // Where it is full, more came than was asked for: none of it can be trusted.
  if (part.got === into.length) part.got = got;
  return received;
}
