/**
 * An h5ad file turned into what is read: our import and annbatch's, in turns, a process each time.
 *
 * `deno run -A bench/convert.ts --help` says what can be asked for.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { convert, type ConvertingAnswer, type ConvertingRequest } from "./load/converting.ts";
import { bytesOf, madeUpFile } from "./load/data.ts";
import { installedPython, installPeers } from "./load/python.ts";
import { watchLoad } from "./train/load.ts";
import { median } from "./train/measure.ts";
import { megabytes, short, spread, tableLines } from "./train/table.ts";

const HELP = `deno run -A bench/convert.ts
  --from <h5ad>        the cells; made up unless given
  --cells <n>          how many are made up, or are in the file; 196608 unless given
  --cache <folder>     where cells are kept and converted; .cache/load unless given
  --rounds <n>         conversions of each, in turns; 3 unless given
  --peers <python>     a Python that has annbatch; the bench's own unless given
  --install            installs the peers from PyPI into .cache/peers first
  --json <file>        writes the figures as JSON, to standard output where the file is -`;

const { values: flags } = parseArgs({
  options: {
    from: { type: "string" },
    cells: { type: "string", default: "196608" },
    cache: { type: "string", default: fileURLToPath(new URL("../.cache/load", import.meta.url)) },
    rounds: { type: "string", default: "3" },
    peers: { type: "string" },
    install: { type: "boolean", default: false },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

/** A conversion, as often as it was measured. */
interface Row {
  readonly name: string;
  readonly rounds: readonly (ConvertingAnswer & { readonly bytes: number })[];
  /** Why there are no rounds where there are none. */
  readonly absent: string;
}

async function main(): Promise<void> {
  if (flags.help) return console.log(HELP);
  const cells = Number(flags.cells), tell = (line: string) => console.error(line);
  const python = flags.peers ?? (flags.install ? await installPeers() : installedPython());
  const h5ad = flags.from
    ? resolve(flags.from)
    : await madeUpFile({ folder: flags.cache, cells, tell });
  const requests: Record<string, (output: string) => ConvertingRequest> = {
    "ours, shuffled": (output) => ({ convert: "atlas", h5ad, order: "shuffled", output }),
    "ours, as given": (output) => ({ convert: "atlas", h5ad, order: "as given", output }),
    "annbatch, shuffled": (output) => ({ convert: "annbatch", h5ad, output }),
  };
  const rows = Object.keys(requests).map((name) => ({
    name,
    rounds: [] as Row["rounds"],
    absent: "",
  }));
  const othersLoad = watchLoad(), folder = mkdtempSync(join(flags.cache, "converted-"));
  try {
    for (let round = 0; round < Number(flags.rounds); round++) {
      for (const row of rows) {
        if (row.absent !== "") continue;
        const output = join(folder, "output.zarr"), request = requests[row.name](output);
        if (request.convert === "annbatch" && python === undefined) {
          row.absent = "not there; --install gets it";
          continue;
        }
        tell(`${row.name}, round ${round + 1}`);
        try {
          const made = await convert(request, python);
          row.rounds = [...row.rounds, { ...made, bytes: bytesOf(output) }];
        } catch (error) {
          row.absent = (error as Error).message;
        }
        rmSync(output, { recursive: true, force: true });
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  print(rows, { cells, others: othersLoad() });
}

function print(
  rows: readonly Row[],
  { cells, others }: { readonly cells: number; readonly others: number | undefined },
): void {
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const head = ["conversion", "seconds", "cells/s", "CPU s", "peak MB", "bytes a cell"];
  const lines = [
    `${availableParallelism()} cores of ${cpus()[0].model}, ${gigabytes} GB; ${Deno.build.os}. ` +
    `Other programs took ${others?.toFixed(2) ?? "an unknown number of"} cores.`,
    `${cells.toLocaleString("en")} cells from ${flags.from ?? "a file of made-up ones"}; ` +
    `${flags.rounds} rounds in turns; page cache warm.`,
    "",
    ...tableLines(
      head,
      rows.map(({ name, rounds, absent }) => {
        if (rounds.length === 0) return [name, absent, "", "", "", ""];
        const seconds = rounds.map((round) => round.seconds);
        return [
          name,
          spread([median(seconds), Math.min(...seconds), Math.max(...seconds)]),
          Math.round(cells / median(seconds)).toLocaleString("en"),
          short(median(rounds.map(({ cpu }) => cpu))),
          megabytes(Math.max(...rounds.map(({ peak }) => peak))),
          Math.round(rounds[0].bytes / cells).toLocaleString("en"),
        ];
      }),
    ),
  ];
  console.log(lines.join("\n"));
  if (flags.json === undefined) return;
  const text = JSON.stringify({ lines, rows });
  if (flags.json === "-") console.log(text);
  else Deno.writeTextFileSync(flags.json, text);
}

await main().catch((error: Error) => {
  console.error(error.message);
  Deno.exitCode = 1;
});
