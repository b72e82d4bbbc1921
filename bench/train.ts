/**
 * Training steps of our engines beside PyTorch's on the same cores: one command, a table and JSON.
 *
 * `deno run -A bench/train.ts --help` says what can be asked for.
 *
 * @module
 */

import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { suggest } from "../core/nearest.ts";
import * as plugins from "../plugins/mod.ts";
import { compare } from "./train/compare.ts";
import { momentLines, watchMemory } from "./train/flat.ts";
import { grow, growthAxes, growthLines } from "./train/growth.ts";
import { watchLoad } from "./train/load.ts";
import { programOf } from "./train/programs.ts";
import { sizes } from "./train/sizes.ts";
import { measureStart, startLines } from "./train/start.ts";
import { productLine, rowLines } from "./train/table.ts";
import { installedPython, installTorch } from "./train/torch.ts";

const cores = availableParallelism();
const usual = [
  "onnx:1",
  ...(cores > 1 ? [`onnx:${cores}`] : []),
  ...("native" in plugins ? [`native:${cores}`, `native:${cores}:bf16`] : []),
  "torch-eager",
  "torch-sdpa",
  "torch-bf16",
];

const HELP = `deno run -A bench/train.ts
  --sizes <names>      ${Object.keys(sizes).join(", ")}; all unless given
  --programs <names>   ${usual.join(",")} unless given; also torch-compile,
                       torch-compile-bf16, and any engine as id:threads:precision
  --rounds <n>         blocks of steps of each program, in turns; 5 unless given
  --seconds <s>        seconds of a block; 1 unless given
  --patience <s>       programs whose step takes longer are left out; 15 unless given
  --torch <python>     a Python that has PyTorch; the bench's own unless given
  --install            installs PyTorch from PyPI into .cache/torch first
  --device <name>      what PyTorch computes on; cpu unless given
  --growth             instead: how cost grows from a small model
  --axes <names>       along what: ${growthAxes.join(", ")}; all unless given
  --start              instead: time to the first step, time to compile, what a run costs beside its steps
  --steps <n>          instead: memory over n steps of the demo, of the first program
  --json               prints the figures as JSON on the last line`;

const { values: flags } = parseArgs({
  options: {
    sizes: { type: "string", default: Object.keys(sizes).join() },
    programs: { type: "string" },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "1" },
    patience: { type: "string", default: "15" },
    torch: { type: "string" },
    install: { type: "boolean", default: false },
    device: { type: "string", default: "cpu" },
    growth: { type: "boolean", default: false },
    axes: { type: "string", default: growthAxes.join() },
    start: { type: "boolean", default: false },
    steps: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const tell = (line: string) => console.error(line);

async function main(): Promise<void> {
  if (flags.help) return console.log(HELP);
  const python = flags.torch ?? (flags.install ? await installTorch() : installedPython());
  const surroundings = { python, environment: {}, device: flags.device };
  const pace = {
    rounds: Number(flags.rounds),
    seconds: Number(flags.seconds),
    patience: Number(flags.patience),
  };
  const names = flags.programs?.split(",") ?? usual;
  const folder = await Deno.makeTempDir({ prefix: "gil-bench-" });
  try {
    if (flags.growth) {
      const growing = flags.programs?.split(",") ?? ["onnx", "torch-sdpa"];
      const axes = flags.axes.split(",");
      const grown = await grow(growing, { axes, surroundings, pace, folder, cores, tell });
      return print(growthLines(grown), grown);
    }
    if (flags.start) {
      const starting = await measureStart({ surroundings, pace, folder });
      return print(startLines(starting), starting);
    }
    if (flags.steps) {
      const [first] = names.map((name) => programOf(name, cores));
      const moments = await watchMemory(first, Number(flags.steps), { surroundings, folder });
      return print(momentLines(moments), moments);
    }
    const programs = names.map((name) => programOf(name, cores));
    const chosen = flags.sizes.split(",").map(sizeOf);
    const all = { sizes: chosen, programs, surroundings, pace, folder, tell };
    const othersLoad = watchLoad();
    const { products, rows, settings } = await compare(all);
    const others = othersLoad();
    const machine = `${cores} cores of ${cpus()[0].model}; ${flags.rounds} rounds in turns.`;
    const quiet = others === undefined ? [] : [`Other programs took ${others.toFixed(2)} cores.`];
    const lines = [machine, ...quiet, productLine(products), ...settings, "", ...rowLines(rows)];
    print(lines, { machine, others, products, settings, rows });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function sizeOf(name: string) {
  if (name in sizes) return sizes[name];
  throw new RangeError(`Cannot measure size "${name}": ${suggest(name, Object.keys(sizes))}`);
}

function print(lines: readonly string[], figures: unknown): void {
  console.log(lines.join("\n"));
  if (flags.json) console.log(JSON.stringify(figures));
}

await main().catch((error: Error) => {
  console.error(error.message);
  Deno.exitCode = 1;
});
