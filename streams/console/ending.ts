/**
 * How a command ends: the sentence for people and the exit code for programs.
 *
 * @module
 */

import { Cause, Effect, type Exit } from "effect";
import process from "node:process";
import { printable } from "../../core/report/printable.ts";
import { Screen } from "./screen.ts";

/** What each exit code means. */
export const exitCodes = {
  fine: 0,
  /** An input cannot be used, or a run that had started cannot go on. */
  failed: 1,
  /** The command line or the experiment asks for what does not exist. */
  misused: 2,
  interrupted: 130,
} as const;

/** The exit code of a program that ended so. */
export function exitCodeOf(exit: Exit.Exit<unknown, unknown>): number {
  if (exit._tag === "Success") return exitCodes.fine;
  if (Cause.hasInterruptsOnly(exit.cause)) return exitCodes.interrupted;
  const error = Cause.squash(exit.cause) as { _tag?: string; errors?: readonly unknown[] };
  // A command without what it needs shows its help: that is a mistake only when it has errors.
  if (error._tag === "ShowHelp") return error.errors?.length ? exitCodes.misused : exitCodes.fine;
  return error._tag === "ExperimentError" ? exitCodes.misused : exitCodes.failed;
}

/** What to tell people about a failure; undefined when they have been told, or it was their wish. */
export function sentenceOf(cause: Cause.Cause<unknown>): string | undefined {
  if (Cause.hasInterruptsOnly(cause)) return "Interrupted";
  const error = Cause.squash(cause);
  if (!(error instanceof Error)) return mistake(String(error));
  const tag = "_tag" in error ? String(error._tag) : "";
  if (tag === "ShowHelp") return undefined;
  if (/^(Input|Experiment|Run)Error$/.test(tag)) return printable(error.message);
  // Deno's own words say which permission is missing and how to give it.
  if (error.name === "NotCapable") return `Cannot go on: ${error.message.replace(/^R/, "it r")}`;
  return mistake(error.message || error.name);
}

const mistake = (why: string) =>
  `Cannot go on: ${why}; this is a mistake in gil or in a plugin, GIL_DEBUG=1 shows where`;

/** Tells people of a failure; where they ask for it, also where it comes from. */
export const tellEnding = Effect.fnUntraced(function* (cause: Cause.Cause<unknown>) {
  const sentence = sentenceOf(cause), screen = yield* Screen;
  if (sentence !== undefined) screen.tell(`${sentence}\n`);
  if (process.env.GIL_DEBUG) screen.tell(`${Cause.pretty(cause)}\n`);
});
