/**
 * Who turns row groups into pages: this thread, or workers beside it.
 *
 * @module
 */

import type { EncodedChunk } from "../parquet/encode_page.ts";
import type { CellGroup } from "./cell_group.ts";
import { encodeGroup } from "./encode_group.ts";
import type { Layout } from "./layout.ts";

/** A row group as it is written. */
export interface EncodedGroup {
  readonly rows: number;
  /** The largest value in it. */
  readonly largest: number;
  readonly chunks: readonly EncodedChunk[];
  /** The group it was made of. */
  readonly group: CellGroup;
  /** What the pages are views of, where that is used again. */
  readonly room?: ArrayBuffer;
}

/** Encodes row groups. */
export interface GroupEncoder {
  /** Groups that may be under way at once without anybody waiting. */
  readonly ahead: number;
  /** The group encoded; its memory is not to be touched until then. */
  encode(layout: Layout, group: CellGroup): EncodedGroup | Promise<EncodedGroup>;
  /** Takes back the memory of pages that are written. */
  giveBack(encoded: EncodedGroup): void;
  close(): void;
}

/** Encodes on the thread that asks. */
export const encodeHere: GroupEncoder = {
  ahead: 0,
  encode: encodedGroup,
  giveBack() {},
  close() {},
};

/** What a worker is told. */
export interface EncodeTask {
  readonly layout: Layout;
  readonly group: CellGroup;
  /** Where the pages may go, if there is room enough; the fewer bytes are allocated, the better. */
  readonly room: ArrayBuffer;
}

/** Encodes on so many threads of their own, in turn: each has one group while the next is gathered. */
export function encodeInWorkers(count: number): GroupEncoder {
  const members = Array.from({ length: count }, startWorker);
  const spare: ArrayBuffer[] = [];
  let next = 0;
  return {
    ahead: count,
    encode(layout, group) {
      const member = members[next++ % count];
      return member.encode({ layout, group, room: spare.pop() ?? new ArrayBuffer(0) });
    },
    giveBack({ room }) {
      if (room) spare.push(room);
    },
    close: () => members.forEach(({ close }) => close()),
  };
}

/** The group encoded, now. */
export function encodedGroup(layout: Layout, group: CellGroup): EncodedGroup {
  let largest = 0;
  for (let e = 0; e < group.values.length; e++) {
    if (group.values[e] > largest) largest = group.values[e];
  }
  return { rows: group.offsets.length - 1, largest, chunks: encodeGroup(layout, group), group };
}

/** The memory of a group, to be moved with it. */
export const memoryOf = (
  { offsets, genes, values, codes, numbers }: CellGroup,
): ArrayBuffer[] => [offsets, genes, values, ...codes, ...numbers].map(({ buffer }) => buffer);

/** A web worker, not one of node:worker_threads: there, arrays take a microsecond an element to move. */
function startWorker() {
  const worker = new Worker(new URL("./encode_worker.ts", import.meta.url), { type: "module" });
  const waiting: PromiseWithResolvers<EncodedGroup>[] = [];
  let failed: Error | undefined;
  worker.onmessage = ({ data }: MessageEvent<EncodedGroup>) => waiting.shift()?.resolve(data);
  worker.onerror = (event) => {
    // Whoever waits is told; unless this is prevented, the process ends.
    event.preventDefault();
    failed = new Error(`Cannot encode cells: ${event.message}`);
    for (const one of waiting.splice(0)) one.reject(failed);
  };
  return {
    encode(task: EncodeTask): Promise<EncodedGroup> {
      const one = Promise.withResolvers<EncodedGroup>();
      // A group that nobody waits for any more may fail in silence.
      one.promise.catch(() => {});
      if (failed) one.reject(failed);
      else {
        waiting.push(one);
        worker.postMessage(task, [...memoryOf(task.group), task.room]);
      }
      return one.promise;
    },
    close: () => worker.terminate(),
  };
}
