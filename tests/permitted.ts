/**
 * The command line in a process of its own, run with the flags of the task `gil` and no others: what it
 * does not declare is denied.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };
import { DENO_DIR } from "./deno_folder.ts";

/** The flags with which the task runs deno. */
export const declared: readonly string[] = [
  ...config.tasks.gil.command.matchAll(/'(--[^']+)'|(--\S+)/g),
].map(([, quoted, plain]) => quoted ?? plain);

const cli = fileURLToPath(new URL("../cli.ts", import.meta.url));

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A place of its own: a home, and a folder to work in. */
export interface Place {
  readonly home: string;
  readonly work: string;
  /** Runs `gil`; `until` may end it as Ctrl-C does. */
  gil(args: readonly string[], options?: Options): Promise<Ended>;
  /** Every file and folder in it, by its path from the place. */
  holds(): string[];
}

/** How `gil` is run. */
export interface Options {
  readonly permissions?: readonly string[];
  /** Looked at now and then; the process is interrupted when it is true. */
  readonly until?: () => boolean;
}

/** Runs `use` with a place, and removes it afterwards. */
export async function withPlace(use: (place: Place) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "gil-permitted-"));
  const home = join(root, "home"), work = join(root, "work");
  for (const folder of [home, work]) mkdirSync(folder);
  const env: Record<string, string | undefined> = { ...process.env, HOME: home, DENO_DIR };
  delete env.XDG_CACHE_HOME;
  const gil: Place["gil"] = (args, { permissions = declared, until } = {}) =>
    new Promise((done) => {
      const flags = ["run", "--quiet", "--no-check", ...permissions, cli, ...args];
      const child = spawn(process.execPath, flags, { cwd: work, env });
      const said = { out: "", err: "" };
      child.stdout.on("data", (text) => said.out += text);
      child.stderr.on("data", (text) => said.err += text);
      const watch = setInterval(() => until?.() && child.kill("SIGINT"), 20);
      child.on("close", (code) => {
        clearInterval(watch);
        done({ code, ...said });
      });
    });
  const holds = () =>
    readdirSync(root, { recursive: true }).map((name) => String(name).replaceAll("\\", "/"))
      .toSorted();
  try {
    await use({ home, work, gil, holds });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
