/**
 * A reader in TypeScript as a program that is measured; `peer.py` does the same in Python.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { median } from "../train/measure.ts";
import { bytesRead, peakMemory } from "./process.ts";
import type { ReadingAnswer, ReadingGreeting, ReadingRequest, SeenBatch } from "./reading.ts";

/** A batch that was read. */
export interface ReadBatch {
  readonly cells: number;
  readonly entries: number;
  look(): SeenBatch;
  /** Gives its memory back. */
  release(): void;
}

/** Batches that are looked at before each measurement, and seconds that are not measured after that. */
const LOOKED_AT = 64, SETTLING = 0.3;

/** Reads the first batch, greets, and reads on whenever it is asked to; `open` begins an epoch. */
export async function serve(
  name: string,
  request: ReadingRequest,
  open: (epoch: number) => AsyncIterable<ReadBatch>,
): Promise<void> {
  const { cells, burst, fill, pause, go } = request;
  let epoch = 0, inEpoch = 0, filled = false;
  let batches = open(epoch++)[Symbol.asyncIterator]();

  async function begin(): Promise<void> {
    await batches.return?.();
    batches = open(epoch++)[Symbol.asyncIterator]();
    inEpoch = 0;
  }
  /** The next batch; undefined at the end of the epoch. */
  async function next(): Promise<ReadBatch | undefined> {
    const { value, done } = await batches.next();
    if (done) return undefined;
    const before = Math.floor(inEpoch / burst);
    inEpoch += value.cells;
    filled = cells < burst || Math.floor(inEpoch / burst) > before;
    return value;
  }

  /** Reads until it is enough and memory has to be filled again. */
  async function read(
    enough: (seconds: number, batches: number) => boolean,
    see = (_: ReadBatch) => {},
  ) {
    const clock = stopwatch(), waits: number[] = [];
    let counted = 0, entries = 0, ended = false;
    while (!ended) {
      const asked = performance.now();
      let batch = await next();
      if (!batch && go === "anew") break;
      if (!batch) {
        if (fill > 0) clock.stop();
        await begin();
        batch = (await next())!;
        if (fill > 0) clock.start();
      }
      waits.push(performance.now() - asked);
      if (inEpoch > fill) {
        counted += batch.cells;
        entries += batch.entries;
      }
      see(batch);
      batch.release();
      if (pause > 0) await sleep(1000 * pause);
      ended = enough(clock.seconds(), waits.length) && (filled || pause > 0);
    }
    return {
      ...clock.now(),
      cells: counted,
      entries,
      waits: [median(waits), waits.reduce((most, wait) => Math.max(most, wait), 0)] as const,
    };
  }

  async function answer(seconds: number): Promise<ReadingAnswer> {
    const seen: SeenBatch[] = [];
    if (go === "on" && pause === 0) {
      await read((_, batches) => batches >= LOOKED_AT, (batch) => seen.push(batch.look()));
      if (burst < cells) await read((seconds) => seconds >= SETTLING);
    }
    if (go === "anew") await begin();
    const found = await read((passed) => passed >= seconds);
    return { ...found, peak: peakMemory(), seen };
  }

  const tell = (line: ReadingGreeting | ReadingAnswer) => console.log(JSON.stringify(line));
  const begun = performance.now();
  (await next())?.release();
  tell({ name, first: (performance.now() - begun) / 1000 });
  for await (const line of createInterface({ input: process.stdin })) {
    tell(await answer(Number(line)));
  }
  await batches.return?.();
}

/** Seconds, seconds of processor time and bytes from disks while it runs; it runs from the beginning. */
function stopwatch() {
  const sum = { seconds: 0, cpu: 0, disk: 0 };
  let from = reading();
  function now() {
    const { seconds, cpu, disk } = reading();
    return {
      seconds: sum.seconds + seconds - from.seconds,
      cpu: sum.cpu + cpu - from.cpu,
      disk: sum.disk + disk - from.disk,
    };
  }
  return {
    now,
    seconds: () => sum.seconds + performance.now() / 1000 - from.seconds,
    stop: () => void Object.assign(sum, now()),
    start: () => void (from = reading()),
  };
}

function reading() {
  const { user, system } = process.cpuUsage();
  return { seconds: performance.now() / 1000, cpu: (user + system) / 1e6, disk: bytesRead() };
}
