/**
 * Whether memory grows with the atlas: writing and reading ever more cells, which are made up as they
 * are written and thrown away when they have been read.
 *
 * @module
 */

import { rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { megabytes, tableLines } from "../train/table.ts";
import { convert } from "./converting.ts";
import { bytesOf } from "./data.ts";
import { measure } from "./measure.ts";
import type { OurRequest } from "./ours.ts";
import { type Entrant, ourScript } from "./programs.ts";

/** An atlas of some size. */
export interface Grown {
  readonly cells: number;
  /** Bytes on the disk. */
  readonly bytes: number;
  readonly writing: { readonly seconds: number; readonly peak: number };
  readonly reading: {
    readonly cells: number;
    readonly seconds: number;
    readonly first: number;
    readonly peak: number;
  };
}

/** Few molecules of few genes: what is looked at is what grows with the number of cells. */
const SMALL = { genes: 5_000, molecules: 60 };

/** Writes and reads an atlas of each size: in a random order, epoch after epoch for so many seconds. */
export async function growAtlas(
  sizes: readonly number[],
  { folder, workers, memory, seconds, tell }: {
    readonly folder: string;
    readonly workers: number;
    readonly memory: string | undefined;
    readonly seconds: number;
    readonly tell: (line: string) => void;
  },
): Promise<Grown[]> {
  const all: Grown[] = [];
  for (const cells of sizes) {
    const output = join(folder, `growing-${cells}`);
    rmSync(output, { recursive: true, force: true });
    try {
      tell(`writing ${cells.toLocaleString("en")} cells`);
      const shape = { cells, ...SMALL };
      const writing = await convert({ convert: "made-up", shape, output }, undefined);
      tell(`reading ${cells.toLocaleString("en")} cells`);
      const reading = {
        batch: 128,
        cells,
        label: "plate",
        burst: 1,
        fill: 0,
        pause: 0,
        go: "on",
      } as const;
      const request: OurRequest = { ...reading, atlas: output, workers, memory };
      const start = { command: process.execPath, arguments: ["run", "-A", ourScript], request };
      const entrant: Entrant = { name: "ours", start, copies: 1, files: [] };
      const [outcome] = await measure([entrant], { rounds: 1, seconds });
      if ("absent" in outcome) throw new Error(`Cannot read ${cells} cells: ${outcome.absent}`);
      const [[read]] = outcome.rounds;
      all.push({
        cells,
        bytes: bytesOf(output),
        writing: { seconds: writing.seconds, peak: writing.peak },
        reading: { ...read, first: outcome.first },
      });
    } finally {
      rmSync(output, { recursive: true, force: true });
    }
  }
  return all;
}

/** A table of atlases. */
export const grownLines = (all: readonly Grown[]): string[] =>
  tableLines(
    [
      "cells",
      "MB on disk",
      "written: cells/s",
      "peak MB",
      "read",
      "cells/s",
      "first batch s",
      "peak MB",
    ],
    all.map(({ cells, bytes, writing, reading }) => [
      cells.toLocaleString("en"),
      megabytes(bytes),
      Math.round(cells / writing.seconds).toLocaleString("en"),
      megabytes(writing.peak),
      reading.cells.toLocaleString("en"),
      Math.round(reading.cells / reading.seconds).toLocaleString("en"),
      reading.first.toFixed(2),
      megabytes(reading.peak),
    ]),
  );
