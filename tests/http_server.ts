/**
 * A server on this machine that serves files by ranges, and fails as it is told.
 *
 * @module
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { keyOf, stream } from "../core/random.ts";
import type { Patience } from "../streams/bytes/patience.ts";

/** A file as it is served. */
export interface Served {
  readonly bytes: Uint8Array;
  /** Headers that tell of its version. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What may go wrong with an answer. */
export type Trouble =
  /** A status and headers, without a body. */
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | "no answer"
  | "cut in the middle"
  | "less"
  | "more"
  | "whole"
  | "whole of unknown size"
  | "endless"
  | "no suffix"
  | "another part"
  | "garbled range"
  | "packed"
  | "silent"
  | "silent in the middle";

/** A request as it came. */
export interface Asked {
  readonly path: string;
  readonly range: string;
  readonly headers: IncomingMessage["headers"];
}

/** A server while it runs. */
export interface Server {
  /** `http://127.0.0.1:<port>`. */
  readonly address: string;
  /** What is served by path, as in `/a.bin`; may be changed. */
  readonly files: Map<string, Served>;
  /** Every request so far. */
  readonly asked: Asked[];
  /** Most requests that were open at once. */
  most(): number;
  /** Ends when no request is open. */
  quiet(): Promise<void>;
}

/** What a server does with each request: what goes wrong, if anything does, perhaps after a while. */
export type Script = (asked: Asked) => Trouble | undefined | Promise<Trouble | undefined>;

/** Runs `use` with a server, which ends with it. */
export async function withServer(
  script: Script,
  use: (server: Server) => Promise<void>,
): Promise<void> {
  const files = new Map<string, Served>(), asked: Asked[] = [];
  const waiting: (() => void)[] = [];
  let open = 0, most = 0;
  const server = createServer(async (request, response) => {
    most = Math.max(most, ++open);
    response.on("close", () => {
      if (--open === 0) waiting.splice(0).forEach((go) => go());
    });
    const { url = "/", headers } = request;
    const path = url.replace(/\?.*/, ""), seen = { path, range: headers.range ?? "", headers };
    asked.push(seen);
    const trouble = await script(seen);
    const file = files.get(path);
    if (typeof trouble === "object") {
      response.writeHead(trouble.status, trouble.headers).end("what went wrong");
    } else if (!file) {
      response.writeHead(404).end("no such file");
    } else {
      answer(response, seen, { file, trouble });
    }
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  const quiet = () => open === 0 ? Promise.resolve() : new Promise<void>((go) => waiting.push(go));
  try {
    await use({ address: `http://127.0.0.1:${port}`, files, asked, most: () => most, quiet });
    // A request that is left open keeps the test from ending.
    await quiet();
  } finally {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
}

function answer(
  response: ServerResponse,
  { range, headers: asked }: Asked,
  { file, trouble }: {
    readonly file: Served;
    readonly trouble: Exclude<Trouble, object> | undefined;
  },
): void {
  const { bytes, headers } = file, size = bytes.length;
  if (trouble === "no answer") return void response.destroy();
  if (trouble === "silent") return;
  if (trouble === "endless") return void Readable.from(zeros()).pipe(response);
  const condition = asked["if-range"];
  const holds = condition === undefined || Object.values(headers).includes(String(condition));
  const [from, to] = partOf(range, size);
  const suffix = trouble === "no suffix" && range.startsWith("bytes=-");
  if (!holds || range === "" || suffix || String(trouble).startsWith("whole")) {
    const length = trouble === "whole of unknown size" ? {} : { "Content-Length": size };
    response.writeHead(200, { ...headers, ...length }).end(bytes);
    return;
  }
  if (from >= to) {
    response.writeHead(416, { "Content-Range": `bytes */${size}` }).end();
    return;
  }
  const shift = trouble === "another part" ? (from > 0 ? -1 : to < size ? 1 : 0) : 0;
  let body = bytes.subarray(from + shift, to + shift);
  let told = `bytes ${from + shift}-${to + shift - 1}/${size}`;
  if (trouble === "garbled range" || (trouble === "another part" && shift === 0)) {
    told = "bytes all";
  }
  if (trouble === "less") body = body.subarray(0, Math.floor(body.length / 2));
  if (trouble === "more") body = Buffer.concat([body, Buffer.from("and more")]);
  const packed = trouble === "packed" ? { "Content-Encoding": "gzip" } : {};
  if (trouble === "packed") body = gzipSync(body);
  response.writeHead(206, {
    ...headers,
    ...packed,
    "Content-Range": told,
    "Content-Length": body.length,
  });
  if (!/middle/.test(String(trouble))) return void response.end(body);
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => {
    if (trouble === "cut in the middle") response.destroy();
  });
}

function* zeros(): Generator<Uint8Array> {
  for (;;) yield new Uint8Array(2 ** 16);
}

/** `from` and `to` of the bytes that a range asks for. */
function partOf(range: string, size: number): readonly [number, number] {
  const [, first, last] = range.match(/^bytes=(\d*)-(\d*)$/) ?? ["", "0", ""];
  if (first === "") return [Math.max(0, size - Number(last)), size];
  return [Number(first), last === "" ? size : Math.min(size, Number(last) + 1)];
}

/** Bytes that differ from place to place. */
export function numbered(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let place = 0; place < size; place++) bytes[place] = Math.imul(place, 0x9E3779B1) >>> 24;
  return bytes;
}

/** A patience whose pauses take no time, and whose silences last until they are ended. */
export interface FastPatience extends Patience {
  /** The pauses that were made, in milliseconds. */
  readonly pauses: number[];
  /** Requests that are being watched. */
  watched(): number;
  /** Lets the time pass after which silence ends a request. */
  endSilence(): void;
}

/** Makes a patience for tests. */
export function fastPatience(options: Partial<Patience> = {}): FastPatience {
  const pauses: number[] = [], silences = new Set<() => void>(), silence = 20_000;
  return {
    attempts: 5,
    first: 250,
    longest: 30_000,
    silence,
    random: stream(keyOf(1)),
    pauses,
    watched: () => silences.size,
    endSilence: () => silences.forEach((end) => end()),
    wait(milliseconds, signal) {
      signal.throwIfAborted();
      if (milliseconds !== silence) {
        pauses.push(milliseconds);
        return Promise.resolve();
      }
      return new Promise((resolve, reject) => {
        const end = () => {
          silences.delete(end);
          resolve();
        };
        silences.add(end);
        signal.addEventListener("abort", () => {
          silences.delete(end);
          reject(signal.reason);
        }, { once: true });
      });
    },
    ...options,
  };
}
