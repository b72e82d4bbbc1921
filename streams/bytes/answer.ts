/**
 * What a server's answer to a request for a part says (RFC 9110, sections 8.8, 10.2.3, 14 and 15).
 *
 * @module
 */

import type { Fault } from "./patience.ts";

/** What an answer says. */
export type Answer =
  /** Bytes `from … to - 1` of `size` follow. */
  | { readonly says: "part"; readonly from: number; readonly to: number; readonly size: number }
  /** Everything follows; the number of its bytes may be unknown. */
  | { readonly says: "whole"; readonly size: number | undefined }
  /** There is no such part in what is so large. */
  | { readonly says: "no such part"; readonly size: number | undefined }
  /** Asking again is of no use. */
  | { readonly says: "no"; readonly why: string }
  | { readonly says: "not now"; readonly fault: Fault };

/** Statuses after which the same request may succeed. */
const PASSING: Readonly<Record<number, string>> = {
  408: "it waited too long for the request",
  425: "it is too early",
  429: "too many requests",
  500: "it has failed inside",
  502: "the server behind it has failed",
  503: "it is overloaded",
  504: "the server behind it does not answer",
};
/** Statuses that mean no. */
const FINAL: Readonly<Record<number, string>> = {
  401:
    "the server asks for a password (401); give it in the address, as in https://name:password@…",
  403: "access is denied, or there is no such file (403)",
  404: "there is no such file (404)",
  410: "it is there no more (410)",
};

/** Reads the status and the headers of an answer. */
export function answerOf(status: number, headers: Headers): Answer {
  if (status in PASSING) {
    const fault = `the server answers ${status} (${PASSING[status]})`;
    return { says: "not now", fault: { fault, ...retryAfter(headers) } };
  }
  const range = headers.get("content-range") ?? "";
  if (status === 416) {
    return { says: "no such part", size: number(range.match(/^bytes \*\/(\d+)$/)) };
  }
  if (status !== 200 && status !== 206) {
    return { says: "no", why: FINAL[status] ?? `the server answers ${status}` };
  }
  const coding = headers.get("content-encoding") ?? "identity";
  if (coding !== "identity") {
    return {
      says: "no",
      why: `the server packs it with ${coding} although it was asked not to; switch that off there`,
    };
  }
  if (status === 200) {
    return { says: "whole", size: number((headers.get("content-length") ?? "").match(/^(\d+)$/)) };
  }
  const part = range.match(/^bytes (\d+)-(\d+)\/(\d+)$/)?.slice(1).map(Number);
  if (part?.every(Number.isSafeInteger)) {
    const [from, last, size] = part;
    if (from <= last && last < size) return { says: "part", from, to: last + 1, size };
  }
  const fault = `the server sends a part and says "${range.slice(0, 60)}" of where it lies`;
  return { says: "not now", fault: { fault } };
}

/** A header that changes with the bytes, and what it was. */
export interface Validator {
  readonly header: "etag" | "last-modified";
  readonly value: string;
}

/** What tells of the bytes of an answer whether they are others: their ETag, else their last change. */
export function validatorOf(headers: Headers): Validator | undefined {
  for (const header of ["etag", "last-modified"] as const) {
    const value = headers.get(header);
    if (value) return { header, value };
  }
  return undefined;
}

/** Whether an answer tells of other bytes; one that tells nothing of them does not. */
export function tellsOthers(headers: Headers, validator: Validator | undefined): boolean {
  const value = validator && headers.get(validator.header);
  return !!value && bare(value) !== bare(validator.value);
}

/** A weak ETag means the same bytes as a strong one, but for how they were packed. */
const bare = (value: string): string => value.replace(/^W\//, "");

/**
 * How long the server asks to wait, in milliseconds. A date is compared with the date of the answer, which
 * the same clock made.
 */
function retryAfter(headers: Headers): { readonly after?: number } {
  const asked = headers.get("retry-after");
  if (asked === null) return {};
  if (/^\d+$/.test(asked)) return { after: Number(asked) * 1000 };
  const after = Date.parse(asked) - Date.parse(headers.get("date") ?? "");
  return after > 0 ? { after } : {};
}

function number(match: RegExpMatchArray | null): number | undefined {
  const value = match ? Number(match[1]) : NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}
