/**
 * Run events as JSON lines: one event a line, so that a run cut short leaves all but its last line.
 *
 * @module
 */

import { Schema } from "effect";
import { RunEvent } from "../events.ts";

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.toCodecJson(RunEvent)));

/** The event as one line of JSON, its line break included; a NaN becomes the text "NaN". */
export function encodeEvent(event: RunEvent): string {
  // What the schema would make of it, for every step and in a tenth of the time.
  return JSON.stringify(event, textWhereNotFinite) + "\n";
}

const textWhereNotFinite = (_: string, value: unknown): unknown =>
  typeof value === "number" && !Number.isFinite(value) ? `${value}` : value;

/**
 * The events of a file of JSON lines. What follows the last line break is a line that was being
 * written when the run stopped, and is left out.
 *
 * @throws RangeError that names the first line that is no run event.
 */
export function decodeEvents(text: string): RunEvent[] {
  return text.split("\n").slice(0, -1).map((line, i) => {
    try {
      return decode(line);
    } catch (cause) {
      const why = (cause as Error).message.replace(/\s+/g, " ");
      throw new RangeError(`line ${i + 1} is not a run event (${why})`);
    }
  });
}
