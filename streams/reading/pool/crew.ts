/**
 * Reading by workers: they take windows in turn and work ahead as far as their memory goes; the
 * parts come in the order of the plan whoever is quicker. They go back to where they came from when
 * all is read; a pass that ends in any other way ends them.
 *
 * @module
 */

import type { Worker } from "node:worker_threads";
import { batchIn } from "../staging/batch_buffer.ts";
import { type Fault, makeNote, NOTE } from "../staging/reader_settings.ts";
import type { Part } from "../staging/window_reader.ts";
import { type Answer, type Order, seal, type Sealed, unseal } from "./messages.ts";
import { type LentPart, type Parts, type Reading, taskOf } from "./parts.ts";
import type { WorkerPool } from "./worker_pool.ts";

/** Who reads. */
export interface CrewOptions {
  readonly workers: number;
  /** Where they come from. */
  readonly pool: WorkerPool;
  /** Milliseconds without a sign of life after which a worker counts as dead; a minute unless given. */
  readonly patience?: number | undefined;
}

/** A worker and what it has been told. */
interface Member {
  readonly worker: Worker;
  readonly note: Int32Array;
  /** Windows that it has been told to read and whose end has not come, the first first. */
  readonly windows: number[];
  /** Parts that it has read and nobody has asked for, and where windows end. */
  readonly answers: (LentPart | Extract<Answer, { readonly kind: "end" }>)[];
}

/** Windows that a worker knows of: the one it reads and the next, so that it never waits to be told. */
const KNOWN = 2;
const PATIENCE = 60_000;
/** Name of the fault of a worker that says nothing of its own. */
export const DEAD_WORKER = "DeadWorker";

/** The parts of a plan, read by workers, which start at once. */
export function crewParts(reading: Reading, options: CrewOptions): Parts {
  const { settings, plan, start, onDamages, failure } = reading;
  const { pool, patience = PATIENCE } = options;
  let told = start.window, current = start.window, closed: Promise<unknown> | undefined;
  let failed: Error | undefined, wake: (() => void) | undefined;
  const members: Member[] = [];
  try {
    while (members.length < options.workers) {
      const member = begin(pool.take());
      members.push(member);
      // Starting another takes as long as this one needs to be ready.
      tellWindow(member);
    }
    tellWindows();
  } catch (cause) {
    // A plan that fails leaves no worker behind.
    void close();
    throw cause;
  }

  function begin(worker: Worker): Member {
    const note = new SharedArrayBuffer(4 * NOTE.length);
    const member: Member = { worker, note: makeNote(note), windows: [], answers: [] };
    tell(member, { kind: "begin", settings, note });
    worker.on("message", (message: Sealed<Answer>) => {
      const answer = unseal(message);
      if (answer.kind === "fault") fail(member, answer.fault);
      else if (answer.kind === "end") member.answers.push(answer);
      else member.answers.push(...lend(member, answer.parts));
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
    worker.postMessage(seal(order), moved);
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
  /** The parts of a message, whose buffers go back in one, too. */
  function lend(member: Member, parts: readonly Part[]): LentPart[] {
    const buffers: ArrayBuffer[] = [];
    return parts.map(({ buffer, shape, lost }) => ({
      cells: batchIn(buffer, shape),
      lost,
      release() {
        if (buffer.detached) return;
        if (closed) return void buffer.transfer(0);
        // Moved, so that whoever kept the arrays finds them empty, wherever the buffer is.
        buffers.push(buffer.transfer());
        if (buffers.length === parts.length) {
          tell(member, { kind: "give back", buffers }, ...buffers);
        }
      },
    }));
  }
  async function close(): Promise<void> {
    // Workers that are stopped in the middle have more to say, which no other pass must hear.
    const isOver = current === plan.windows && failed === undefined;
    closed ??= Promise.all(members.map(isOver ? rest : end));
    wake?.();
    await closed;
  }
  async function rest(member: Member): Promise<void> {
    tell(member, { kind: "rest" });
    await pool.giveBack(member.worker);
  }
  async function end({ worker }: Member): Promise<void> {
    await worker.terminate();
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
        if (answer === undefined) {
          await something();
          continue;
        }
        if ("cells" in answer) return answer;
        if (answer.damages.length > 0) onDamages(answer.damages);
        member.windows.shift();
        current++;
        tellWindows();
      }
    },
    close,
  };
}
