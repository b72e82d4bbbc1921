/**
 * The kernels for this processor, compiled at their first use.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { InputError } from "../../../core/errors.ts";
import type { Precision } from "../../../core/model/program.ts";
import { openLibrary } from "../../../streams/platform.ts";
import { cacheFolder } from "../../../streams/reading/cached_atlas.ts";
import { built, type Recipe } from "./build.ts";
import { codesHeader } from "./codes.ts";
import { candidates, type Compiler, findCompiler } from "./compiler.ts";
import { type Library, loadKernels } from "./library.ts";

const WIDE = ["-march=x86-64-v4", "-mprefer-vector-width=512"] as const;

/** What a processor has, in the order of level.c, and what the compiler is told of it. */
export const LEVELS = [
  { name: "plain", flags: [] },
  { name: "AVX2", flags: ["-march=x86-64-v3"] },
  { name: "AVX-512", flags: WIDE },
  { name: "AVX512-BF16", flags: [...WIDE, "-mavx512bf16"] },
  { name: "AMX", flags: [...WIDE, "-mavx512bf16", "-mamx-tile", "-mamx-bf16"] },
] as const;

/** The first level that multiplies bf16 itself; later ones have nothing more for fp32. */
const BF16 = 3;

/** Compiled kernels. */
export interface Kernels {
  readonly library: Library;
  /** Name of the instructions that they use. */
  readonly level: string;
  readonly precision: Precision;
  /** Whether the processor multiplies numbers of this precision itself. */
  readonly inHardware: boolean;
  /** The library's file. */
  readonly path: string;
}

/** Where from and where to. */
export interface Workshop {
  /** Compilers, in the order in which they are tried. */
  readonly compilers: readonly string[];
  readonly folder: string;
  /** What compilers are told besides: a build that measures. */
  readonly flags?: readonly string[];
}

const FLAGS = [
  "-O2",
  "-ftree-vectorize",
  "-std=gnu11",
  "-fPIC",
  "-pthread",
  "-ffp-contract=fast",
  "-fno-math-errno",
  "-fno-trapping-math",
];

const SOURCES = fileURLToPath(new URL("c/", import.meta.url));
/** The file that says what the processor has; all others are kernels. */
const LEVEL_SOURCE = "level.c";

/** The sources by file name, with the header that is made. */
export function sourcesOf(): Readonly<Record<string, string>> {
  const files = readdirSync(SOURCES).filter((file) => /\.[ch]$/.test(file)).sort();
  const texts = files.map((file) => [file, readFileSync(SOURCES + file, "utf8")]);
  return { ...Object.fromEntries(texts), "codes.h": codesHeader() };
}

/** How the kernels are built for a level. */
export function recipeOf(
  level: number,
  flags: readonly string[] = [],
  precision: Precision = "fp32",
): Recipe {
  const { [LEVEL_SOURCE]: _, ...sources } = sourcesOf();
  // Threads may still be in the library when the isolate that opened it is gone.
  const stays = process.platform === "linux" ? ["-Wl,-z,nodelete"] : [];
  const numbers = precision === "bf16" ? ["-DBF16"] : [];
  return {
    name: "kernels",
    sources,
    flags: [...FLAGS, ...LEVELS[level].flags, ...numbers, ...flags],
    links: ["-lm", ...stays],
  };
}

/** What kernels are built with, and for. */
export interface Surveyed {
  readonly workshop: Workshop;
  readonly compiler: Compiler;
  /** The best of `LEVELS` that the processor has. */
  readonly level: number;
}

/**
 * Looks for a compiler, and asks the processor what it has.
 *
 * @throws InputError when there is no compiler, when it fails, or when the folder cannot be written.
 */
export async function survey(
  workshop: Workshop = { compilers: candidates(), folder: cacheFolder() },
): Promise<Surveyed> {
  const compiler = await findCompiler(workshop.compilers);
  return { workshop, compiler, level: await levelOf(compiler, workshop.folder) };
}

/** The precision in which the processor multiplies fastest: bf16 where it has instructions for it. */
export const bestPrecision = ({ level }: Surveyed): Precision => level >= BF16 ? "bf16" : "fp32";

/**
 * Builds and loads the kernels of a precision for the processor.
 *
 * @throws InputError as `survey` does.
 */
export async function kernelsFor(
  { workshop: { folder, flags = [] }, compiler, level: best }: Surveyed,
  precision: Precision,
): Promise<Kernels> {
  const level = precision === "bf16" ? best : Math.min(best, BF16 - 1);
  const path = await built(recipeOf(level, flags, precision), compiler, folder);
  return {
    library: load(path, loadKernels),
    level: LEVELS[level].name,
    precision,
    inHardware: precision === "fp32" || level >= BF16,
    path,
  };
}

/** Kernels for this processor, where nothing is known of it. */
export const openKernels = async (
  workshop?: Workshop,
  precision: Precision = "fp32",
): Promise<Kernels> => kernelsFor(await survey(workshop), precision);

/** The best level that the processor has. */
async function levelOf(compiler: Compiler, folder: string): Promise<number> {
  const { [LEVEL_SOURCE]: source } = sourcesOf();
  const recipe = { name: "level", sources: { [LEVEL_SOURCE]: source }, flags: FLAGS, links: [] };
  // So little that a compiler that hangs is found out with it.
  const patience = Math.min(compiler.patience, 60);
  const path = await built(recipe, { ...compiler, patience }, folder);
  const { gil_level } = load(
    path,
    (path) => openLibrary(path, { gil_level: { parameters: [], result: "i32" } }),
  );
  return Math.min(gil_level(), LEVELS.length - 1);
}

function load<A>(path: string, open: (path: string) => A): A {
  try {
    return open(path);
  } catch (error) {
    // The system's words, behind the runtime's.
    const reason = (error as Error).message.split(`${path}: `).at(-1);
    throw new InputError({
      message: `Cannot load compiled kernels "${path}": ${reason}; ` +
        "delete them, or name another folder in XDG_CACHE_HOME",
    });
  }
}
