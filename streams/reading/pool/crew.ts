/**
 * Reading by workers: they take windows in turn and work ahead as far as their memory goes; the
 * parts come in the order of the plan whoever is quicker.
 *
 * @module
 */

import { Worker } from "node:worker_threads";
import { batchIn } from "../staging/batch_buffer.ts";
import { type Fault, makeNote, NOTE } from "../staging/reader_settings.ts";
import type { Part } from "../staging/window_reader.ts";
import type { Answer, Beginning, Order } from "./messages.ts";
import { type LentPart, type Parts, type Reading, taskOf } from "./parts.ts";

/** Who reads. */
export interface CrewOptions {
  readonly workers: number;
  /** What the workers run; `worker.ts` unless given. */
  readonly module?: URL;
  /** Milliseconds without a sign of life after which a worker counts as dead. */
  readonly patience?: number;
}

/** A worker and what it has been told. */
interface Member {
  readonly worker: Worker;
  readonly note: Int32Array;
  /** Windows that it has been told to read and whose end has not come, the first first. */
  readonly windows: number[];
  /** What it has told and nobody has asked for. */
  readonly answers: Exclude<Answer, { readonly kind: "fault" }>[];
}

/** Windows that a worker knows of: the one it reads and the next, so that it never waits to be told. */
const KNOWN = 2;
const PATIENCE = 60_000;
/** Name of the fault of a worker that says nothing of its own. */
export const DEAD_WORKER = "DeadWorker";

/** The parts of a plan, read by workers, which start at once. */
export function crewParts(reading: Reading, options: CrewOptions): Parts {
  const { settings, plan, start, onDamages, failure } = reading;
  const { module = new URL("./worker.ts", import.meta.url), patience = PATIENCE } = options;
  let told = start.window, current = start.window, closed = false;
  let failed: Error | undefined, wake: (() => void) | undefined;
  const members: Member[] = [];
  while (members.length < options.workers) {
    const member = begin();
    members.push(member);
    // Starting another takes as long as this one needs to be ready.
    tellWindow(member);
  }
  tellWindows();

  function begin(): Member {
    const memory = new SharedArrayBuffer(4 * NOTE.length);
    const workerData: Beginning = { settings, note: memory };
    const worker = new Worker(module, { workerData });
    const member: Member = { worker, note: makeNote(memory), windows: [], answers: [] };
    worker.on("message", (answer: Answer) => {
      if (answer.kind === "fault") fail(member, answer.fault);
      else member.answers.push(answer);
      wake?.();
    });
    worker.on("error", (cause: Error) => died(member, cause.message));
    worker.on("exit", () => died(member, "it ended"));
    return member;
  }
  function died(member: Member, why: string): void {
    fail(member, { name: DEAD_WORKER, message: `its decode worker died: ${why}` });
  }
  function fail({ note }: Member, fault: Fault): void {
    if (closed) return;
    failed ??= failure(fault, { shard: note[NOTE.shard], group: note[NOTE.group] });
    wake?.();
  }
  function tell({ worker }: Member, order: Order, ...moved: ArrayBuffer[]): void {
    worker.postMessage(order, moved);
  }
  function tellWindow(member: Member): void {
    if (told === plan.windows) return;
    tell(member, { kind: "read", task: taskOf(reading, told) });
    member.windows.push(told++);
  }
  function tellWindows(): void {
    while (told < plan.windows) {
      const member = members.reduce((a, b) => b.windows.length < a.windows.length ? b : a);
      if (member.windows.length === KNOWN) return;
      tellWindow(member);
    }
  }
  function lend(member: Member, { buffer, shape }: Part): LentPart {
    return {
      cells: batchIn(buffer, shape),
      release() {
        if (buffer.detached) return;
        if (closed) buffer.transfer(0);
        else tell(member, { kind: "give back", buffer }, buffer);
      },
    };
  }
  async function something(): Promise<void> {
    const beats = () => members.map(({ note }) => Atomics.load(note, NOTE.beats));
    let before = beats();
    const watch = setInterval(() => {
      const now = beats(), dead = now.findIndex((beat, i) => beat === before[i]);
      before = now;
      if (dead >= 0) died(members[dead], "it gives no sign of life");
    }, patience);
    await new Promise<void>((resolve) => wake = resolve);
    clearInterval(watch);
    wake = undefined;
  }

  return {
    async next() {
      for (;;) {
        if (failed) throw failed;
        if (current === plan.windows || closed) return undefined;
        const member = members.find(({ windows }) => windows[0] === current)!;
        const answer = member.answers.shift();
        if (answer?.kind === "part") return lend(member, answer.part);
        if (answer === undefined) {
          await something();
          continue;
        }
        if (answer.damages.length > 0) onDamages(answer.damages);
        member.windows.shift();
        current++;
        tellWindows();
      }
    },
    async close() {
      closed = true;
      wake?.();
      await Promise.all(members.map(({ worker }) => worker.terminate()));
    },
  };
}
