/**
 * Where PyTorch is, and how it comes there.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../.cache/torch", import.meta.url));
const python = process.platform === "win32"
  ? join(folder, "Scripts", "python.exe")
  : join(folder, "bin", "python");

/** The Python of the bench's own environment; undefined when PyTorch was never installed there. */
export const installedPython = (): string | undefined => existsSync(python) ? python : undefined;

/**
 * Makes a virtual environment in the project's cache folder and installs PyTorch from PyPI into it.
 *
 * @throws Error when Python or pip fails; both write what they have to say to standard error.
 */
export async function installTorch(): Promise<string> {
  const base = process.platform === "win32" ? "python" : "python3";
  await run(base, ["-m", "venv", folder]);
  await run(python, ["-m", "pip", "install", "--quiet", "torch", "numpy"]);
  return python;
}

async function run(command: string, args: string[]): Promise<void> {
  const { success } = await new Deno.Command(command, { args, stdout: "null" }).output();
  if (!success) throw new Error(`Cannot install PyTorch: ${command} ${args.join(" ")} failed`);
}
