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

/** What can be asked of a program that is running, `A` being what it answers. */
export interface Running<A> {
  /** Makes `steps` steps. */
  make(steps: number): Promise<A>;
  /** Lets the program end; comes back when it has. */
  close(): Promise<void>;
  /** Ends the program at once, in the middle of a step. */
  stop(): void;
}

/** A program that is running. */
export type Peer = Greeting & Running<Answer>;

/**
 * Starts a program that trains and waits until it is ready.
 *
 * @throws Error with the last line that the program wrote to standard error.
 */
export const startPeer = (start: Start): Promise<Peer> => startProgram<Greeting, Answer>(start);

/**
 * Starts a program that greets with `G` and answers with `A`, and waits until it is ready.
 *
 * @throws Error with the last line that the program wrote to standard error.
 */
export async function startProgram<G extends object, A>(
  start: Start,
): Promise<G & Running<A>> {
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

  async function next<L>(): Promise<L> {
    const line = await lines.next();
    if (!line.done) return JSON.parse(line.value);
    await ended;
    throw new Error(complaint.trim().split("\n").at(-1) || "it ended without a word");
  }
  return {
    ...await next<G>(),
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
