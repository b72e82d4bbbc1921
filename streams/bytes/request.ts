/**
 * One request for a part of what lies at an address.
 *
 * @module
 */

import { InputError } from "../../core/errors.ts";
import { type Answer, answerOf } from "./answer.ts";
import { type Fault, isFault, type Patience } from "./patience.ts";
import { shownAddress } from "./place.ts";
import { type Watched, watchSilence } from "./silence.ts";
import { takeTurn } from "./take_turn.ts";
import { within } from "./within.ts";

/** Where to ask, and how. */
export interface Remote {
  readonly address: URL;
  readonly patience: Patience;
  /** Requests at once to its host, those for other addresses included. */
  readonly atOnce: number;
  /** Ends every request. */
  readonly signal: AbortSignal;
}

/** Bytes as they arrive. */
export interface Arriving {
  readonly into: Uint8Array;
  /** Bytes that are there. */
  got: number;
}

/** What a server has to give. */
export interface Reply {
  readonly answer: Exclude<Answer, { says: "no" | "not now" }>;
  readonly headers: Headers;
  /**
   * Adds what follows to what is there, until it ends; whether that is all is for the caller to see.
   * A fault where the connection breaks, or where more follows than there is room for, which is full
   * then.
   */
  receive(bytes: Arriving): Promise<Fault | Arriving>;
}

/** The error that says why an address cannot be read. */
export const unreadable = ({ address }: Remote, why: string): InputError =>
  new InputError({ message: `Cannot read "${shownAddress(address.href)}": ${why}` });

/**
 * Asks for a part, waiting for a turn, and hears the reply; the request has ended when this ends.
 *
 * @throws InputError where asking again is of no use; what the remote's signal was aborted with.
 */
export async function request<A extends object>(
  remote: Remote,
  headers: Readonly<Record<string, string>>,
  hear: (reply: Reply) => Promise<A | Fault>,
): Promise<A | Fault> {
  const { address, patience, atOnce } = remote;
  const giveBack = await takeTurn(address.host, atOnce, remote.signal);
  try {
    return await within(remote.signal, async (stop) => {
      const watched = watchSilence(patience, stop);
      const faultOf = (cause: unknown): Fault => {
        remote.signal.throwIfAborted();
        if (watched.silent) return { fault: `nothing has come for ${patience.silence / 1000} s` };
        if (cause instanceof TypeError) return { fault: brokenBy(cause) };
        throw forbidden(remote, cause) ?? cause;
      };
      const response = await ask(address, headers, stop.signal).catch(faultOf);
      if (isFault(response)) return response;
      const answer = answerOf(response.status, response.headers);
      if (answer.says === "not now") return answer.fault;
      if (answer.says === "no") throw unreadable(remote, answer.why);
      return await hear({
        answer,
        headers: response.headers,
        receive: (bytes) => receiveInto(bytes, response, { watched, faultOf }),
      });
    });
  } finally {
    giveBack();
  }
}

/** Sends the request; a name and a password in the address go into a header, as `fetch` takes no others. */
function ask(
  address: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Response> {
  const plain = new URL(address), { username, password } = address;
  plain.username = plain.password = "";
  const name = [username, password].map(decoded).join(":");
  const known = name === ":" ? {} : { "Authorization": `Basic ${base64(name)}` };
  return fetch(plain, { headers: { "Accept-Encoding": "identity", ...known, ...headers }, signal });
}

/** What `Reply.receive` says. */
async function receiveInto(
  bytes: Arriving,
  response: Response,
  { watched, faultOf }: { readonly watched: Watched; readonly faultOf: (cause: unknown) => Fault },
): Promise<Fault | Arriving> {
  const body = response.body?.getReader();
  for (;;) {
    const next = await body?.read().catch(faultOf);
    if (next === undefined) return bytes;
    if (isFault(next)) return next;
    if (next.done) return bytes;
    const room = bytes.into.length - bytes.got, chunk = next.value.subarray(0, room);
    watched.heard += chunk.length;
    bytes.into.set(chunk, bytes.got);
    bytes.got += chunk.length;
    if (chunk.length < next.value.length) {
      return { fault: "the server sends more than it was asked for" };
    }
  }
}

/** The error for a process that may not use the network; a redirect may lead to another host. */
function forbidden(remote: Remote, cause: unknown): InputError | undefined {
  if (!(cause instanceof Error) || cause.name !== "NotCapable") return undefined;
  const host = cause.message.match(/net access to "([^"]+)"/)?.[1] ?? remote.address.host;
  return unreadable(
    remote,
    `this process may not reach ${host}; the task "online" is gil with leave to, or copy it to a folder`,
  );
}

/** What broke a connection. The runtime's own words hold the whole address, with what it asks with. */
function brokenBy(error: TypeError): string {
  const words = error.cause instanceof Error ? error.cause.message : error.message;
  if (/dns error/i.test(words)) return "no such host is known";
  if (/refused/i.test(words)) return "nothing answers there";
  if (/certificate/i.test(words)) return "the server's certificate is not trusted";
  return "the connection breaks";
}

/** A part of an address without its percents; as it is where it means them. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const base64 = (text: string): string =>
  btoa(String.fromCharCode(...new TextEncoder().encode(text)));
