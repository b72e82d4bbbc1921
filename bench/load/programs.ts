/**
 * The programs that can be measured, by the names that they have on the command line: `ours:2` is our
 * reader with two workers on shuffled cells, `ours-given:2` on cells in the order of the file;
 * `annbatch:2` is two processes of annbatch at once, and `ours-apart:2` two of ours without workers,
 * which is all that two cores can give.
 *
 * @module
 */

import process from "node:process";
import { fileURLToPath } from "node:url";
import { suggest } from "../../core/nearest.ts";
import type { Start } from "../train/peer.ts";
import type { Data } from "./data.ts";
import type { ReadingRequest } from "./reading.ts";

/** A program that may be measured. */
export interface Entrant {
  /** As on the command line. */
  readonly name: string;
  /** How it is started, or why it cannot be. */
  readonly start: Start | string;
  /** Processes of it that run at once. */
  readonly copies: number;
  /** What it reads: files and folders. */
  readonly files: readonly string[];
}

/** What programs are started with. */
export interface Surroundings {
  readonly data: Data;
  /** A Python that has the peers. */
  readonly python: string | undefined;
  readonly batch: number;
  /** Memory that our reader may take; its own choice unless given. */
  readonly memory: string | undefined;
  /** Seconds that the consumer spends on a batch. */
  readonly pause: number;
  readonly go: ReadingRequest["go"];
}

/** Our reader as a program. */
export const ourScript = fileURLToPath(new URL("ours.ts", import.meta.url));

/** What is special about a program. */
interface Kind {
  readonly script: string;
  readonly files: (data: Data) => readonly string[];
  /** What the program is told besides how it reads; `number` is that of its name. */
  readonly told: (data: Data, number: number) => object;
  /** Cells between two times that it fills its memory, where batches have so many cells. */
  readonly burst: (batch: number, cells: number) => number;
  /** Processes that run at once. */
  readonly copies: (number: number) => number;
}

/** Cells that our reader mixes at once. */
const WINDOW = 8192;

const shards = ({ shards }: Data) => shards;
const lists = (data: Data) => ({
  shards: data.shards,
  arrow: data.arrow,
  genes: data.truth.genes,
});
/** Every batch is like any other. */
const steady = (batch: number) => batch;
const drawn = { script: "peer.py", burst: steady, copies: (number: number) => number };
/** Blocks of 64 cells, as many as make 64 batches at once. */
const blocks = { ...drawn, burst: (batch: number) => 64 * batch };
const annbatch = (chunk: number, chunks: number): Kind => ({
  ...drawn,
  files: ({ annbatch }) => [annbatch],
  told: ({ annbatch }) => ({ loader: "annbatch", store: annbatch, chunk, chunks }),
  burst: () => chunk * chunks,
});
const ours = (which: "given" | "shuffled"): Kind => ({
  script: "ours.ts",
  files: (data) => [data[which]],
  told: (data, workers) => ({ atlas: data[which], workers }),
  burst: () => WINDOW,
  copies: () => 1,
});

const kinds: Readonly<Record<string, Kind>> = {
  ours: ours("shuffled"),
  "ours-given": ours("given"),
  "ours-apart": {
    ...ours("shuffled"),
    told: ({ shuffled }) => ({ atlas: shuffled, workers: 0 }),
    copies: (number) => number,
  },
  annbatch: annbatch(512, 32),
  "annbatch-readme": annbatch(32, 256),
  scdataset: {
    ...blocks,
    files: ({ h5ad }) => [h5ad],
    told: ({ h5ad }) => ({ loader: "scdataset", h5ad, block: 64, fetch: 64 }),
  },
  "scdataset-arrow": {
    ...blocks,
    files: ({ arrow }) => [arrow],
    told: (data) => ({ loader: "scdataset-arrow", ...lists(data), block: 64, fetch: 64 }),
  },
  datasets: {
    ...drawn,
    files: ({ arrow }) => [arrow],
    told: (data) => ({ loader: "datasets", ...lists(data) }),
  },
  pyarrow: {
    ...drawn,
    files: shards,
    told: (data) => ({ loader: "pyarrow", ...lists(data) }),
    // It reads far ahead, nobody knows how far: only whole epochs tell what it takes.
    burst: (_, cells) => cells,
  },
  "parquet-wasm": {
    script: "parquet_wasm.ts",
    files: shards,
    told: lists,
    burst: steady,
    copies: (number) => number,
  },
};

/** The programs that are measured unless others are named. */
export const usualPrograms = (cores: number): string[] => [
  "ours:0",
  "ours:1",
  ...(cores > 1 ? [`ours:${cores}`, `ours-apart:${cores}`] : []),
  `ours-given:${cores}`,
  "annbatch",
  ...(cores > 1 ? [`annbatch:${cores}`] : []),
  "annbatch-readme",
  "scdataset",
  "scdataset-arrow",
  "datasets",
  "pyarrow",
  "parquet-wasm",
];

/**
 * The program of a name, as an entrant.
 *
 * @throws RangeError when there is none of that name.
 */
export function entrantOf(name: string, { data, python, memory, ...rest }: Surroundings): Entrant {
  const [what, number = "1"] = name.split(":"), kind = kinds[what];
  if (!kind || !/^\d+$/.test(number)) {
    throw new RangeError(`Cannot measure "${name}": ${suggest(what, Object.keys(kinds))}`);
  }
  const inPython = kind.script.endsWith(".py");
  const copies = kind.copies(Number(number)), entrant = { name, copies };
  if (inPython && python === undefined) {
    return { ...entrant, files: [], start: "not there; --install gets it" };
  }
  const { cells, label } = data.truth, burst = kind.burst(rest.batch, cells);
  const ahead = burst * Math.max(1, Number(number) / copies);
  // What is small enough to be read ahead as a whole has nothing left that could be measured.
  const fill = rest.go === "on" && rest.pause === 0 && 2 * ahead < cells ? ahead : 0;
  const reading: ReadingRequest = { ...rest, cells, label, burst, fill };
  const script = fileURLToPath(new URL(kind.script, import.meta.url));
  const start = {
    command: inPython ? python! : process.execPath,
    arguments: inPython ? [script] : ["run", "-A", script],
    request: { ...reading, ...kind.told(data, Number(number)), memory },
  };
  return { ...entrant, files: kind.files(data), start };
}
