/**
 * The C compiler of this machine.
 *
 * @module
 */

import { spawn } from "node:child_process";
import process from "node:process";
import { InputError } from "../../../core/errors.ts";
import { printable } from "../../../core/report/printable.ts";

/** A compiler that answered. */
export interface Compiler {
  readonly command: string;
  /** What it says about itself: part of the name of what it builds. */
  readonly version: string;
  /** Seconds after which a call of it is given up. */
  readonly patience: number;
}

/** Seconds that compilers have: minutes, as all files are compiled at once on machines that are busy. */
const PATIENCE = 300;
/** Seconds that they have to say who they are. */
const GREETING = 20;
/** Characters of their messages that are kept, and of the one line that is told. */
const MOST_SAID = 1 << 20, MOST_TOLD = 300;

/** The compiler that `CC` names, else the system's, else gcc, else clang. */
export function candidates(): readonly string[] {
  const named = variable("CC");
  return named ? [named] : ["cc", "gcc", "clang"];
}

/** A variable of the environment; undefined also where it may not be read. */
function variable(name: string): string | undefined {
  try {
    return process.env[name];
  } catch {
    return undefined;
  }
}

/**
 * The first of `commands` that answers.
 *
 * @throws InputError when none does.
 */
export async function findCompiler(
  commands: readonly string[],
  patience: number = PATIENCE,
): Promise<Compiler> {
  for (const command of commands) {
    const caller = { command, patience: Math.min(patience, GREETING) };
    const { ended, output } = await call(caller, ["--version"]);
    if (ended === 0) return { command, version: output.split("\n")[0], patience };
  }
  throw new InputError({
    message: `Cannot find a C compiler: ${commands.map((name) => `"${name}"`).join(" and ")} ` +
      `cannot be run; with gcc or clang installed, training is faster: the task "gil" may run ` +
      `"cc", the task "native" gcc and clang, whichever CC names`,
  });
}

/**
 * Runs a compiler.
 *
 * @throws InputError with its first line about an error.
 */
export async function compile(compiler: Compiler, args: readonly string[]): Promise<void> {
  const { ended, output } = await call(compiler, args), { command } = compiler;
  if (ended === 0) return;
  const reason = reasonIn(output) ?? `it ended with ${ended}`;
  throw new InputError({ message: `Cannot compile the kernels with "${command}": ${reason}` });
}

/** The first line about an error, else the first, without what terminals would take for commands. */
function reasonIn(output: string): string | undefined {
  const lines = output.split("\n").map((line) =>
    printable(line).replace(/[\s\ufffd]+/g, " ").trim()
  )
    // Whoever called the linker says only that it failed.
    .filter((line) => line !== "" && !/ld returned|linker command failed/.test(line));
  const line = lines.find((line) => /\berror\b/i.test(line)) ?? lines[0];
  return line && line.length > MOST_TOLD ? `${line.slice(0, MOST_TOLD)}…` : line;
}

/** What compilers need to know, and no more: all of the environment may not be read. */
function surroundings(): Record<string, string> {
  const known = ["PATH", "HOME", "TMPDIR"].map((name) => [name, variable(name)]);
  // Messages are searched for the word "error".
  return { ...Object.fromEntries(known.filter(([, value]) => value !== undefined)), LC_ALL: "C" };
}

/** How a program ended, and what it wrote to both of its outputs. */
function call(
  { command, patience }: Pick<Compiler, "command" | "patience">,
  args: readonly string[],
): Promise<{ readonly ended: number | string; readonly output: string }> {
  return new Promise((resolve) => {
    try {
      const child = spawn(command, args, {
        env: surroundings(),
        stdio: ["ignore", "pipe", "pipe"],
      });
      let output = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8");
        stream.on("data", (text: string) => {
          if (output.length < MOST_SAID) output += text;
        });
      }
      const end = (ended: number | string, said: string) => {
        clearTimeout(alarm);
        resolve({ ended, output: said });
      };
      const alarm = setTimeout(() => {
        child.kill("SIGKILL");
        // Whom it has started may hold its outputs open.
        child.stdout.destroy();
        child.stderr.destroy();
        end("no end", `it has not ended after ${patience} s`);
      }, 1000 * patience);
      child.on("error", ({ message }) => end("an error", message));
      child.on("close", (code, signal) => end(code ?? `${signal}`, output));
    } catch (error) {
      // Programs may not be run at all.
      resolve({ ended: "an error", output: (error as Error).message });
    }
  });
}
