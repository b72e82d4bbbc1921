/**
 * The C compiler of this machine.
 *
 * @module
 */

import { spawn } from "node:child_process";
import process from "node:process";
import { InputError } from "../../../core/errors.ts";

/** A compiler that answered. */
export interface Compiler {
  readonly command: string;
  /** What it says about itself: part of the name of what it builds. */
  readonly version: string;
}

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
export async function findCompiler(commands: readonly string[]): Promise<Compiler> {
  for (const command of commands) {
    const { ended, output } = await call(command, ["--version"]);
    if (ended === 0) return { command, version: output.split("\n")[0] };
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
export async function compile({ command }: Compiler, args: readonly string[]): Promise<void> {
  const { ended, output } = await call(command, args);
  if (ended === 0) return;
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const reason = lines.find((line) => /\berror\b/i.test(line)) ?? lines[0] ??
    `it ended with ${ended}`;
  throw new InputError({ message: `Cannot compile the kernels with "${command}": ${reason}` });
}

/** What compilers need to know, and no more: all of the environment may not be read. */
function surroundings(): Record<string, string> {
  const known = ["PATH", "HOME", "TMPDIR"].map((name) => [name, variable(name)]);
  // Messages are searched for the word "error".
  return { ...Object.fromEntries(known.filter(([, value]) => value !== undefined)), LC_ALL: "C" };
}

/** How a program ended, and what it wrote to both of its outputs. */
function call(
  command: string,
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
        stream.on("data", (text: string) => output += text);
      }
      child.on("error", ({ message }) => resolve({ ended: "an error", output: message }));
      child.on("close", (code, signal) => resolve({ ended: code ?? `${signal}`, output }));
    } catch (error) {
      // Programs may not be run at all.
      resolve({ ended: "an error", output: (error as Error).message });
    }
  });
}
