/**
 * Reading an atlas beside the loaders of other projects, on the same cells and cores: one command, a
 * table and JSON.
 *
 * `deno run -A bench/load.ts --help` says what can be asked for.
 *
 * @module
 */

import { availableParallelism, cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { forget } from "./load/cold.ts";
import { bytesOf, filesOf, prepare } from "./load/data.ts";
import { rowsOf } from "./load/figures.ts";
import { growAtlas, grownLines } from "./load/growth.ts";
import { heads, rowLines } from "./load/lines.ts";
import { measure } from "./load/measure.ts";
import { entrantOf, usualPrograms } from "./load/programs.ts";
import { installedPython, installPeers } from "./load/python.ts";
import { watchLoad } from "./train/load.ts";
import { megabytes } from "./train/table.ts";

const cores = availableParallelism(), usual = usualPrograms(cores);
const paused = ["ours:1", `ours:${cores}`, "annbatch"];

const HELP = `deno run -A bench/load.ts
  --programs <names>   ${usual.join(",")} unless given;
                       ours:<workers>, ours-given:<workers> reads cells in the order of the file,
                       annbatch:<processes>
  --from <h5ad>        the cells; made up unless given
  --cells <n>          how many are made up; 196608 unless given
  --label <column>     whose entropy in a batch is looked at; plate unless given
  --cache <folder>     where the cells are kept in every format; .cache/load unless given
  --batch <n>          cells of a batch; 128 unless given
  --memory <amount>    what our reader may take, as 512MB; its own choice unless given
  --rounds <n>         times that each program reads, in turns; 5 unless given
  --seconds <s>        seconds of each; 2 unless given
  --quick              a second each, and no program that is as good as another
  --peers <python>     a Python that has the peers; the bench's own unless given
  --install            installs the peers from PyPI into .cache/peers first
  --cold               instead: every time an epoch from files that are not in the page cache
  --pause <ms>         instead: a consumer that takes so long for every batch
  --growth             instead: memory, written and read, of ever larger atlases
  --sizes <n,…>        of how many cells; 100000,1000000,10000000 unless given
  --json <file>        writes the figures as JSON, to standard output where the file is -`;

const { values: flags } = parseArgs({
  options: {
    programs: { type: "string" },
    from: { type: "string" },
    cells: { type: "string", default: "196608" },
    label: { type: "string", default: "plate" },
    cache: { type: "string", default: fileURLToPath(new URL("../.cache/load", import.meta.url)) },
    batch: { type: "string", default: "128" },
    memory: { type: "string" },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string" },
    quick: { type: "boolean", default: false },
    peers: { type: "string" },
    install: { type: "boolean", default: false },
    cold: { type: "boolean", default: false },
    pause: { type: "string" },
    growth: { type: "boolean", default: false },
    sizes: { type: "string", default: "100000,1000000,10000000" },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

/** What `--quick` leaves out. */
const SLOW = ["annbatch-readme", "scdataset", "datasets"];

const tell = (line: string) => console.error(line);
const gigabytes = Math.round(totalmem() / 2 ** 30);
const machine = `${cores} cores of ${cpus()[0].model}, ${gigabytes} GB; ${Deno.build.os}`;

async function main(): Promise<void> {
  if (flags.help) return console.log(HELP);
  const seconds = Number(flags.seconds ?? (flags.quick ? 1 : 2));
  if (flags.growth) {
    const sizes = flags.sizes.split(",").map(Number);
    const { cache: folder, memory } = flags;
    const settings = { folder, workers: cores, memory, seconds: 20, tell };
    const grown = await growAtlas(sizes, settings);
    return print([`${machine}.`, "", ...grownLines(grown)], { machine, grown });
  }
  await compare(seconds);
}

async function compare(seconds: number): Promise<void> {
  const python = flags.peers ?? (flags.install ? await installPeers() : installedPython());
  const { from, label } = flags, cells = Number(flags.cells);
  const data = await prepare({ folder: flags.cache, from, cells, label, python, tell });
  const pause = Number(flags.pause ?? 0) / 1000, batch = Number(flags.batch);
  const go = flags.cold ? "anew" : "on";
  const programs = flags.programs?.split(",") ?? (pause > 0 ? paused : usual)
    .filter((name) => !flags.quick || !SLOW.includes(name));
  const { memory } = flags, surroundings = { data, python, batch, memory, pause, go } as const;
  const entrants = programs.map((name) => entrantOf(name, surroundings));

  const rounds = Number(flags.rounds), othersLoad = watchLoad();
  const outcomes = await measure(
    entrants,
    { rounds, seconds: flags.cold ? 60 : seconds },
    ({ files }) => flags.cold ? forget(files.flatMap(filesOf)) : undefined,
  );
  const others = othersLoad(), rows = rowsOf(entrants, outcomes, data.truth);
  const { truth } = data, perCell = Math.round(truth.entries / truth.cells);
  const lines = [
    `${machine}. Other programs took ${others?.toFixed(2) ?? "an unknown number of"} cores.`,
    `${truth.cells.toLocaleString("en")} cells × ${truth.genes.toLocaleString("en")} genes, ` +
    `${truth.entries.toLocaleString("en")} non-zeros (${perCell} a cell), ` +
    `${from ? `from ${from}` : "made up"}; batches of ${batch}; labels: ${label}.`,
    `Bytes a cell: ${bytesACell(data)}.`,
    `${rounds} rounds in turns, ${
      flags.cold ? "each an epoch" : `${seconds} s each`
    }; page cache ` +
    `${flags.cold ? "emptied of the files before each (posix_fadvise)" : warmth(rows)}.`,
    ...(pause > 0 ? [`The consumer takes ${flags.pause} ms for every batch.`] : []),
  ];
  const head = flags.cold ? heads.cold : pause > 0 ? heads.paused : heads.warm;
  print([...lines, "", ...rowLines(rows, head)], {
    lines,
    truth: { ...truth, signatures: [] },
    rows,
  });
}

/** Bytes a cell takes in each format that is there. */
function bytesACell(data: Awaited<ReturnType<typeof prepare>>): string {
  const { h5ad, given, shuffled, annbatch, arrow, truth } = data;
  return Object.entries({ ours: shuffled, "ours as given": given, annbatch, arrow, h5ad })
    .filter(([, path]) => path !== "")
    .map(([name, path]) =>
      `${name} ${Math.round(bytesOf(path) / truth.cells).toLocaleString("en")}`
    )
    .join(", ");
}

/** How warm the page cache was. */
function warmth(rows: ReturnType<typeof rowsOf>): string {
  const read = rows.reduce((sum, { figures }) => sum + (figures?.disk ?? 0), 0);
  return `warm (all programs together read ${megabytes(read)} MB from the disk)`;
}

function print(lines: readonly string[], figures: unknown): void {
  console.log(lines.join("\n"));
  if (flags.json === undefined) return;
  const text = JSON.stringify(figures);
  if (flags.json === "-") console.log(text);
  else Deno.writeTextFileSync(flags.json, text);
}

await main().catch((error: Error) => {
  console.error(error.message);
  Deno.exitCode = 1;
});
