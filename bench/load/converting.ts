/**
 * What a program that converts is asked for and answers, in whatever language it is written.
 *
 * It is started as `peer.ts` of the other bench says; each number on its standard input makes it
 * convert once.
 *
 * @module
 */

import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Running, startProgram } from "../train/peer.ts";
import type { Shape } from "./made_up.ts";

/** What is made of what. */
export type ConvertingRequest =
  | { readonly convert: "made-up"; readonly shape: Shape; readonly output: string }
  | {
    readonly convert: "atlas";
    readonly h5ad: string;
    readonly order: "as given" | "shuffled";
    readonly output: string;
  }
  | { readonly convert: "annbatch"; readonly h5ad: string; readonly output: string }
  | { readonly convert: "datasets"; readonly shards: readonly string[]; readonly output: string };

/** What a program says before it converts. */
export interface ConvertingGreeting {
  readonly name: string;
}

/** What a program says when it has converted. */
export interface ConvertingAnswer {
  readonly seconds: number;
  /** Seconds of processor time, of all threads. */
  readonly cpu: number;
  /** Most bytes ever in memory. */
  readonly peak: number;
}

/** Starts the program for a request; peers need a Python that has them. */
export function startConverter(
  request: ConvertingRequest,
  python: string | undefined,
): Promise<ConvertingGreeting & Running<ConvertingAnswer>> {
  const ours = request.convert === "made-up" || request.convert === "atlas";
  const script = fileURLToPath(new URL(ours ? "converter.ts" : "convert.py", import.meta.url));
  const start = ours
    ? { command: process.execPath, arguments: ["run", "-A", script] }
    : { command: python ?? "python3", arguments: [script] };
  return startProgram({ ...start, request });
}

/** Converts once and ends the program. */
export async function convert(
  request: ConvertingRequest,
  python: string | undefined,
): Promise<ConvertingGreeting & ConvertingAnswer> {
  const program = await startConverter(request, python);
  try {
    return { name: program.name, ...await program.make(1) };
  } finally {
    await program.close();
  }
}
