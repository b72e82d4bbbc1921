/**
 * The programs that can be measured, by the names that they have on the command line: `onnx:2` is
 * an engine with its threads, `native:2:bf16` also with its precision, `torch-sdpa` is PyTorch.
 *
 * @module
 */

import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Precision } from "../../core/model/program.ts";
import type { Job } from "./job.ts";
import type { Entrant } from "./measure.ts";
import type { OurRequest } from "./ours.ts";
import { EDGE } from "./sizes.ts";

/** A program as it was asked for. */
export interface Program {
  /** As on the command line. */
  readonly name: string;
  /** How PyTorch's encoder is written; undefined for our engines. */
  readonly torch: "eager" | "sdpa" | "compile" | undefined;
  readonly precision: Precision;
  readonly threads: number;
}

/** What programs are started with besides their work. */
export interface Surroundings {
  /** A Python that has PyTorch. */
  readonly python: string | undefined;
  /** Environment of PyTorch's processes. */
  readonly environment: Readonly<Record<string, string>>;
  /** What PyTorch computes on: "cpu", "cuda". */
  readonly device: string;
}

/** Learning rate of every program: the paper's. */
const RATE = 5e-4;

/** Seconds that torch.compile may take. */
const COMPILING = 240;

const torches: Readonly<Record<string, Pick<Program, "torch" | "precision">>> = {
  "torch-eager": { torch: "eager", precision: "fp32" },
  "torch-sdpa": { torch: "sdpa", precision: "fp32" },
  "torch-bf16": { torch: "sdpa", precision: "bf16" },
  "torch-compile": { torch: "compile", precision: "fp32" },
  "torch-compile-bf16": { torch: "compile", precision: "bf16" },
};

/** The program that a name stands for; on `cores` threads where it says nothing else. */
export function programOf(name: string, cores: number): Program {
  const [what, threads = `${cores}`, precision = "fp32"] = name.split(":");
  if (!(Number(threads) > 0) || !(precision === "fp32" || precision === "bf16")) {
    throw new RangeError(
      `Cannot measure "${name}": expected a name like onnx:2, native:2:bf16 or torch-sdpa`,
    );
  }
  const ours = { torch: undefined, precision } as const;
  return { name, threads: Number(threads), ...(what in torches ? torches[what] : ours) };
}

/** A program as an entrant for a kind of work. */
export function entrantOf(
  program: Program,
  { work, job }: { readonly work: OurRequest["work"]; readonly job: Job },
  { python, environment, device }: Surroundings,
): Entrant {
  const { name, torch, threads, precision } = program;
  const common = { work, rate: RATE, edge: EDGE[precision] };
  if (torch === undefined) {
    const request: OurRequest = { ...common, engine: engineOf(program), size: job.size };
    const script = fileURLToPath(new URL("ours.ts", import.meta.url));
    const start = { command: process.execPath, arguments: ["run", "-A", script], request };
    return { name, start };
  }
  if (python === undefined) return { name, start: "PyTorch is not there; --install gets it" };
  const script = fileURLToPath(new URL("peer.py", import.meta.url));
  const request = { ...common, variant: torch, threads, precision, device, job };
  return {
    name,
    start: { command: python, arguments: [script], environment, request },
    compiling: torch === "compile" ? COMPILING : 0,
  };
}

/** The engine of a program, in the precision asked for: some choose their own where none is said. */
export function engineOf({ name, precision }: Program): OurRequest["engine"] {
  const [use, threads] = name.split(":");
  return { use, precision, ...(threads === undefined ? {} : { threads: Number(threads) }) };
}
