/**
 * Where the Python is that has the other projects' loaders, and how they come there.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../.cache/peers", import.meta.url));
const python = process.platform === "win32"
  ? join(folder, "Scripts", "python.exe")
  : join(folder, "bin", "python");

/** What is installed; the versions that the figures of the README are of. */
const PACKAGES = [
  "annbatch==0.3.1",
  "zarrs==0.2.3",
  "scdataset==0.3.0",
  "datasets==5.2.0",
  "pyarrow==26.0.1",
];
const BASES = ["python3.14", "python3.13", "python3.12", "python3", "python"];

/** The Python of the bench's own environment; undefined when nothing was ever installed there. */
export const installedPython = (): string | undefined => existsSync(python) ? python : undefined;

/**
 * Makes a virtual environment in the project's cache folder and installs the peers from PyPI into it.
 *
 * @throws Error when there is no Python that is new enough, or pip fails.
 */
export async function installPeers(): Promise<string> {
  const recent = ["-c", "import sys; sys.exit(sys.version_info < (3, 12))"];
  let base: string | undefined;
  for (const command of BASES) {
    if (base === undefined && await runs(command, recent)) base = command;
  }
  if (base === undefined) {
    throw new Error(`Cannot install the peers: annbatch needs Python 3.12 or later, found none`);
  }
  const made = await runs(base, ["-m", "venv", folder]) &&
    await runs(python, ["-m", "pip", "install", "--quiet", ...PACKAGES]);
  if (made) return python;
  throw new Error(`Cannot install the peers: ${base} could not make an environment of them`);
}

async function runs(command: string, args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args, stdout: "null" }).output()).success;
  } catch {
    return false;
  }
}
