/**
 * What an address says of itself when it is opened.
 *
 * @module
 */

import { type Validator, validatorOf } from "./answer.ts";
import { type Fault, isFault, persist } from "./patience.ts";
import { type Arriving, type Remote, type Reply, request, unreadable } from "./request.ts";

/** What is known of an address, and its last bytes. */
export interface FirstAnswer {
  /** Bytes in all. */
  readonly size: number;
  readonly validator: Validator | undefined;
  /** Bytes `size - end.length … size - 1`, all of them where a server sends no parts. */
  readonly end: Uint8Array;
}

/** What a server that sends no parts may send as a whole. */
const SMALL = 2 ** 20;

/** A reply that is of no use, and may be another one when it is asked in another way. */
interface Useless {
  readonly useless: string;
}

/**
 * Asks for the last `tail` bytes, which tells the size too; a server that does not know how to count from
 * the end is asked for the first byte instead.
 *
 * @throws InputError where the address cannot be read part by part.
 */
export async function askFirst(remote: Remote, tail: number): Promise<FirstAnswer> {
  const ranges = tail > 0 ? [`bytes=-${tail}`, "bytes=0-0"] : ["bytes=0-0"];
  let last = "";
  for (const range of ranges) {
    const hear = (reply: Reply) => firstOf(reply, range === "bytes=0-0" ? 0 : tail);
    const found = await persist(
      remote.patience,
      remote.signal,
      () => request(remote, { Range: range }, hear),
    );
    if (isFault(found)) throw exhausted(remote, found);
    if (!("useless" in found)) return found;
    last = found.useless;
  }
  throw unreadable(remote, last);
}

/** The error for a fault that was there at every attempt. */
export function exhausted(remote: Remote, { fault, after = 0 }: Fault) {
  const { attempts, longest } = remote.patience;
  return unreadable(
    remote,
    after > longest
      ? `${fault} and asks to wait ${Math.ceil(after / 1000)} s; try again then`
      : `${fault}, also at attempt ${attempts}; try again later`,
  );
}

async function firstOf(reply: Reply, tail: number): Promise<FirstAnswer | Useless | Fault> {
  const { answer } = reply, validator = validatorOf(reply.headers);
  if (answer.says === "no such part") {
    // Of nothing there is no part.
    if (answer.size === 0) return { size: 0, validator, end: new Uint8Array() };
    return { useless: "the server sends no parts of it; copy it to a folder" };
  }
  if (answer.says === "whole") return await wholeOf(reply, Math.max(SMALL, tail));
  const { from, to, size } = answer;
  if (from !== (tail > 0 ? Math.max(0, size - tail) : 0) || to !== (tail > 0 ? size : 1)) {
    return { fault: "the server sends another part than it was asked for" };
  }
  const bytes = await reply.receive({ into: new Uint8Array(to - from), got: 0 });
  if (isFault(bytes)) return bytes;
  if (bytes.got < to - from) return { fault: "the server sends less than it was asked for" };
  return { size, validator, end: tail > 0 ? bytes.into : new Uint8Array() };
}

async function wholeOf(reply: Reply, limit: number): Promise<FirstAnswer | Useless | Fault> {
  const { size } = reply.answer, validator = validatorOf(reply.headers);
  if ((size ?? 0) > limit) return tooLarge;
  const bytes: Arriving = { into: new Uint8Array(size ?? limit), got: 0 };
  const received = await reply.receive(bytes);
  if (isFault(received)) return size === undefined && bytes.got === limit ? tooLarge : received;
  if (bytes.got < (size ?? 0)) return { fault: "the server sends less than it was asked for" };
  return { size: bytes.got, validator, end: bytes.into.subarray(0, bytes.got) };
}

const tooLarge: Useless = {
  useless: "the server sends it as a whole and no part of it; serve it with one that knows range " +
    "requests, or copy it to a folder",
};
