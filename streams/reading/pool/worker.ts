/**
 * A decode worker: reads the windows it is told to, one after another, of one pass after another.
 *
 * Nothing here loads Effect, which would take longer than the first batch.
 *
 * @module
 */

import { parentPort } from "node:worker_threads";
import { faultOf, makeNote, NOTE } from "../staging/reader_settings.ts";
import { type Task, type WindowReader, windowReader } from "../staging/window_reader.ts";
import { type Answer, type Order, seal, type Sealed, unseal } from "./messages.ts";

/** Milliseconds between two signs of life while nothing else happens. */
const BEAT = 500;
/** Messages that take all memory for batches: one is filled, one is read, and two are on their way. */
const MESSAGES = 4;

let reader: WindowReader, beating: ReturnType<typeof setInterval>;
let last: Promise<void> = Promise.resolve();

parentPort!.on("message", (message: Sealed<Order>) => {
  const order = unseal(message);
  if (order.kind === "begin") begin(order);
  else if (order.kind === "give back") order.buffers.forEach(reader.giveBack);
  else if (order.kind === "read") last = last.then(() => read(order.task));
  else rest();
});

function begin({ settings, note: memory }: Extract<Order, { kind: "begin" }>): void {
  const note = makeNote(memory), together = settings.memory.batches / MESSAGES;
  reader = windowReader(settings, { note, together });
  beating = setInterval(() => Atomics.add(note, NOTE.beats, 1), BEAT);
}

function rest(): void {
  clearInterval(beating);
  // Before the next pass reads: two would take twice the memory.
  last = last.then(reader.close);
}

async function read(task: Task): Promise<void> {
  try {
    const parts = reader.read(task);
    for (;;) {
      const { done, value } = await parts.next();
      if (done) return tell({ kind: "end", damages: value });
      tell({ kind: "parts", parts: value }, ...value.map(({ buffer }) => buffer));
    }
  } catch (cause) {
    tell({ kind: "fault", fault: faultOf(cause) });
  }
}

function tell(answer: Answer, ...moved: ArrayBuffer[]): void {
  parentPort!.postMessage(seal(answer), moved);
}
