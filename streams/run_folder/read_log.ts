/**
 * The events of a log one after the other: the log of a long run does not fit into memory.
 *
 * @module
 */

import { closeSync, openSync, readSync } from "node:fs";
import { InputError } from "../../core/errors.ts";
import type { RunEvent } from "../../core/events.ts";
import { decodeEvents } from "../../core/report/event_lines.ts";

/** Bytes that are read at once. */
const CHUNK = 1 << 20;

/**
 * The events of a file. A line that was being written when the run stopped is none.
 *
 * @throws InputError at the first line that is no event; what the system says when it cannot be read.
 */
export function* eventsIn(file: string): Generator<RunEvent> {
  let number = 1;
  for (const line of linesIn(file)) {
    try {
      yield* decodeEvents(line);
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new InputError({
        message:
          `Cannot read events "${file}": ${cause.message.replace(/^line 1/, `line ${number}`)}` +
          "; put back a copy of the file, or begin the run anew in another folder",
      });
    }
    number++;
  }
}

/** The complete lines of a file, each with its line break. */
export function* linesIn(file: string): Generator<string> {
  const open = openSync(file, "r"), chunk = new Uint8Array(CHUNK), decoder = new TextDecoder();
  let rest = "";
  try {
    for (let bytes; (bytes = readSync(open, chunk)) > 0;) {
      const lines = (rest + decoder.decode(chunk.subarray(0, bytes), { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) yield line + "\n";
    }
  } finally {
    closeSync(open);
  }
}
