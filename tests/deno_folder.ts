import { spawnSync } from "node:child_process";
import process from "node:process";

const { stdout } = spawnSync(process.execPath, ["info", "--json"], { encoding: "utf8" });

/**
 * Where Deno keeps what it compiles, for processes whose home or cache folder is another one. Such a
 * process gets an environment of its own: that of this one is shared by all test files that run at once.
 */
export const DENO_DIR = (JSON.parse(stdout) as { readonly denoDir: string }).denoDir;
