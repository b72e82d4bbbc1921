/**
 * A program that is measured: a process of its own that makes steps when asked and else sleeps.
 *
 * It is started with a request, JSON in one argument; says on its first line of standard output what
 * it is; and answers each number k on its standard input with a line about k steps.
 *
 * @module
 */

import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";

/** What a program says when it is ready. */
export interface Greeting {
  /** Whom the figures belong to: "onnx (fp32, 2 threads)". */
  readonly name: string;
  /** "processor", or the accelerator's name. */
  readonly device: string;
  /** Floats of the model's weights; 0 when there is no model. */
  readonly parameters: number;
}

/** What a program says about the steps that it made. */
export interface Answer {
  readonly milliseconds: readonly number[];
  /** Loss of each step before its update; 0 where nothing is learned. */
  readonly losses: readonly number[];
  /** Bytes in memory now. */
  readonly resident: number;
  /** Most bytes ever in memory. */
  readonly peak: number;
}

/** How a program is started. */
export interface Start {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Told in the last argument. */
  readonly request: unknown;
}

/** A program that is running. */
export interface Peer extends Greeting {
  /** Makes `steps` steps. */
  make(steps: number): Promise<Answer>;
  /** Lets the program end; comes back when it has. */
  close(): Promise<void>;
  /** Ends the program at once, in the middle of a step. */
  stop(): void;
}

/**
 * Starts a program and waits until it is ready.
 *
 * @throws Error with the last line that the program wrote to standard error.
 */
export async function startPeer(start: Start): Promise<Peer> {
  const child = spawn(start.command, [...start.arguments, JSON.stringify(start.request)], {
    env: { ...process.env, ...start.environment },
  });
  let complaint = "";
  child.stderr.on("data", (text: Uint8Array) => complaint += new TextDecoder().decode(text));
  // A program that has ended cannot be written to; that it ended is seen in what it answers.
  child.stdin.on("error", () => {});
  const ended = new Promise<void>((resolve) => {
    child.on("close", () => resolve());
    child.on("error", (error) => {
      complaint ||= error.message;
      resolve();
    });
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  async function next<A>(): Promise<A> {
    const line = await lines.next();
    if (!line.done) return JSON.parse(line.value);
    await ended;
    throw new Error(complaint.trim().split("\n").at(-1) || "it ended without a word");
  }
  return {
    ...await next<Greeting>(),
    make(steps) {
      child.stdin.write(`${steps}\n`);
      return next();
    },
    async close() {
      child.stdin.end();
      await ended;
    },
    stop: () => void child.kill("SIGKILL"),
  };
}
