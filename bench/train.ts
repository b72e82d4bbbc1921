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
import { compare, type Comparison } from "./train/compare.ts";
import { momentLines, watchMemory } from "./train/flat.ts";
import { grow, growthAxes, growthLines } from "./train/growth.ts";
import { compareKernels, kernelLines } from "./train/kernels.ts";
import { watchLoad } from "./train/load.ts";
import { programOf } from "./train/programs.ts";
import { ragged, sizes } from "./train/sizes.ts";
import { measureStart, startLines } from "./train/start.ts";
import { productLine, rowLines } from "./train/table.ts";
import { compareWhole, wholeLines } from "./train/whole.ts";
import { amounts } from "./train/whole_experiment.ts";
import { installedPython, installTorch } from "./train/torch.ts";

const cores = availableParallelism();
const threads = cores > 1 ? [1, cores] : [1];
const usual = [
  ...threads.map((count) => `onnx:${count}`),
  ...threads.map((count) => `native:${count}`),
  `native:${cores}:bf16`,
  "torch-eager",
  ...threads.map((count) => `torch-sdpa:${count}`),
  "torch-bf16",
];

const HELP = `deno run -A bench/train.ts
  --sizes <names>      ${Object.keys(sizes).join(", ")}; all unless given
  --programs <names>   ${usual.slice(0, 5).join(",")},
                       ${usual.slice(5).join(",")} unless given; also torch-compile,
                       torch-compile-bf16, any with other threads, engines as id:threads:precision
  --filled <shares>    of the positions that cells fill on average, such as 1,0.85; 1 unless given
  --rounds <n>         blocks of steps of each program, in turns; 5 unless given
  --seconds <s>        seconds of a block; 1 unless given
  --patience <s>       programs whose step takes longer are left out; 15 unless given
  --torch <python>     a Python that has PyTorch; the bench's own unless given
  --install            installs PyTorch from PyPI into .cache/torch first
  --device <name>      what PyTorch computes on; cpu unless given
  --growth             instead: how cost grows from a small model
  --axes <names>       along what: ${growthAxes.join(", ")}; all unless given
  --start              instead: time to the first step of a run, time to compile one
  --steps <n>          instead: memory over n steps of the demo, of the first program
  --kernels            instead: the kernels of a step of native; --sizes demo,spike,paper and
                       --programs native:${cores} unless given
  --whole              instead: whole trainings beside their steps alone; --sizes demo,real,spike
                       and --programs native:${cores} unless given
  --json               prints the figures as JSON on the last line`;

const { values: flags } = parseArgs({
  options: {
    sizes: { type: "string" },
    programs: { type: "string" },
    filled: { type: "string", default: "1" },
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
    kernels: { type: "boolean", default: false },
    whole: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const tell = (line: string) => console.error(line);

/** What the command line chose of sizes and programs, and of what is usual for the question. */
const sizesOr = (usual: readonly string[]) => (flags.sizes?.split(",") ?? usual).map(sizeOf);
const programsOr = (usual: readonly string[]) =>
  (flags.programs?.split(",") ?? usual).map((name) => programOf(name, cores));

async function main(): Promise<void> {
  if (flags.help) return console.log(HELP);
  const python = flags.torch ?? (flags.install ? await installTorch() : installedPython());
  const surroundings = { python, environment: {}, device: flags.device };
  const pace = {
    rounds: Number(flags.rounds),
    seconds: Number(flags.seconds),
    patience: Number(flags.patience),
  };
  const folder = await Deno.makeTempDir({ prefix: "gil-bench-" });
  const means = { surroundings, pace, folder, tell };
  const othersLoad = watchLoad();
  try {
    const { lines, figures } = await measured(means);
    const others = othersLoad();
    const machine = `${cores} cores of ${cpus()[0].model}; ${flags.rounds} rounds in turns.`;
    const quiet = others === undefined ? [] : [`Other programs took ${others.toFixed(2)} cores.`];
    console.log([machine, ...quiet, ...lines].join("\n"));
    if (flags.json) console.log(JSON.stringify({ machine, others, ...figures }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What was asked for. */
async function measured(
  means: Omit<Comparison, "sizes" | "programs">,
): Promise<{ readonly lines: readonly string[]; readonly figures: object }> {
  if (flags.growth) {
    const growing = flags.programs?.split(",") ?? ["onnx", "native", "torch-sdpa"];
    const grown = await grow(growing, { ...means, axes: flags.axes.split(","), cores });
    return { lines: growthLines(grown), figures: { grown } };
  }
  if (flags.start) {
    const [first] = programsOr([`native:${cores}`]);
    const starting = await measureStart(first, means);
    return { lines: startLines(starting), figures: starting };
  }
  if (flags.steps) {
    const [first] = programsOr(usual);
    const moments = await watchMemory(first, Number(flags.steps), means);
    return { lines: momentLines(moments), figures: { moments } };
  }
  if (flags.kernels) {
    const programs = programsOr([`native:${cores}`]), chosen = sizesOr(["demo", "spike", "paper"]);
    const { products, kernels } = await compareKernels({ ...means, sizes: chosen, programs });
    const lines = [productLine(products), ...kernelLines(kernels, products)];
    return { lines, figures: { products, kernels } };
  }
  if (flags.whole) {
    const programs = programsOr([`native:${cores}`]);
    const all = await compareWhole({ ...means, sizes: sizesOr(Object.keys(amounts)), programs });
    return { lines: ["", ...wholeLines(all)], figures: { whole: all } };
  }
  const shares = flags.filled.split(",").map(shareOf);
  const chosen = sizesOr(Object.keys(sizes)).flatMap((size) =>
    shares.map((filled) => ragged(size, filled))
  );
  const all = { ...means, sizes: chosen, programs: programsOr(usual) };
  const { products, rows, settings } = await compare(all);
  const lines = [productLine(products), ...settings, "", ...rowLines(rows)];
  return { lines, figures: { products, settings, rows } };
}

function sizeOf(name: string) {
  if (name in sizes) return sizes[name];
  throw new RangeError(`Cannot measure size "${name}": ${suggest(name, Object.keys(sizes))}`);
}

function shareOf(words: string): number {
  const share = Number(words);
  if (share > 0 && share <= 1) return share;
  throw new RangeError(`Cannot fill "${words}" of the positions: give shares above 0, up to 1`);
}

await main().catch((error: Error) => {
  console.error(error.message);
  Deno.exitCode = 1;
});
