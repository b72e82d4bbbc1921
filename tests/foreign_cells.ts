/**
 * The cells that `tests/fixtures/parquet/write.py` writes, and the files that hold them.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** Cells, and tokens of the vocabulary. */
export const CELLS = 50, TOKENS = 40;

/** A folder of files that hold the cells. */
export const STORED = fileURLToPath(new URL("fixtures/parquet", import.meta.url));

/** Tokens of a cell in their order; two cells have null lists, which read as empty ones. */
export function tokensOf(cell: number, lists: "all" | "nullable"): number[] {
  if ([3, 17].includes(cell) || (lists === "nullable" && [5, 23].includes(cell))) return [];
  const found = Array.from({ length: TOKENS }, (_, token) => token)
    .filter((token) => (token * 7 + cell * 3) % (2 + cell % 5) === 0);
  return cell % 2 === 1 ? found.reverse() : found;
}

/** The value of a token in a cell. */
export const valueOf = (cell: number, token: number): number => (token + cell) % 9 + 1;

/** The category of a cell; undefined where it has none. */
export const kindOf = (cell: number): string | undefined => ["b", undefined, "a"][cell % 3];

/** The number of a cell; NaN where it has none. */
export const numberOf = (cell: number): number => cell % 7 === 6 ? NaN : cell % 4;

/** Whether the lists of a file by this name can be null. */
export const listsOf = (name: string): "all" | "nullable" =>
  /delta_zstd|v2_zstd|v1_index/.test(name) && name.startsWith("pyarrow") ? "all" : "nullable";

/** Tools that write the cells, as far as the Python that `GIL_PYTHON` names has them. */
export const TOOLS = ["pyarrow", "duckdb", "polars"] as const;

/** Whether that Python has a tool. */
export function hasTool(tool: string): boolean {
  const python = process.env.GIL_PYTHON;
  return python !== undefined && spawnSync(python, ["-c", `import ${tool}`]).status === 0;
}

/** Runs a script of the folder of files with Python; returns what it prints. */
export function python(script: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(
    process.env.GIL_PYTHON!,
    [join(STORED, script), ...args],
    { encoding: "utf8", maxBuffer: 2 ** 28 },
  );
  if (status !== 0) throw new Error(`${script} ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** The files that a tool writes into the folder, all of them. */
export function filesOf(tool: string, folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  python("write.py", [tool, folder]);
  return readdirSync(folder).sort().map((name) => join(folder, name));
}
