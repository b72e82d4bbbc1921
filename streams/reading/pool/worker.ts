/**
 * A decode worker: reads the windows it is told to, one after another.
 *
 * Nothing here loads Effect, which would take longer than the first batch.
 *
 * @module
 */

import { parentPort, workerData } from "node:worker_threads";
import { faultOf, makeNote, NOTE } from "../staging/reader_settings.ts";
import { windowReader } from "../staging/window_reader.ts";
import type { Answer, Beginning, Order } from "./messages.ts";

/** Milliseconds between two signs of life while nothing else happens. */
const BEAT = 500;

const { settings, note: memory } = workerData as Beginning;
const note = makeNote(memory), reader = windowReader(settings, note);
let last: Promise<void> = Promise.resolve();

setInterval(() => Atomics.add(note, NOTE.beats, 1), BEAT);

parentPort!.on("message", (order: Order) => {
  if (order.kind === "give back") reader.giveBack(order.buffer);
  else last = last.then(() => read(order.task));
});

async function read(task: Parameters<typeof reader.read>[0]): Promise<void> {
  try {
    const parts = reader.read(task);
    for (;;) {
      const { done, value } = await parts.next();
      if (done) return tell({ kind: "end", damages: value });
      tell({ kind: "part", part: value }, value.buffer);
    }
  } catch (cause) {
    tell({ kind: "fault", fault: faultOf(cause) });
  }
}

function tell(answer: Answer, ...moved: ArrayBuffer[]): void {
  parentPort!.postMessage(answer, moved);
}
