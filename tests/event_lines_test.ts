import { Schema } from "effect";
import fc from "fast-check";
import { RunEvent } from "../core/events.ts";
import { encodeEvent } from "../core/report/event_lines.ts";
import { assertSame } from "./first_difference.ts";
import { finishedRun, oddEvents } from "./laws/run_events.ts";

Deno.test("encodeEvent() writes what the schema of events says", () => {
  const encode = Schema.encodeSync(Schema.fromJsonString(Schema.toCodecJson(RunEvent)));
  fc.assert(fc.property(fc.oneof(finishedRun(), oddEvents()), (events) => {
    for (const event of events) assertSame(encodeEvent(event), `${encode(event)}\n`);
  }));
});
