/**
 * What the commands of a command line share.
 *
 * @module
 */

import { Effect } from "effect";
import { printable } from "../../core/report/printable.ts";
import { Screen } from "./screen.ts";

/** A module, loaded when a command needs it. */
export const load = <A>(module: () => Promise<A>): Effect.Effect<A> => Effect.promise(module);

/** Characters in a line of standard output. */
export const width: Effect.Effect<number> = Effect.map(Screen, (screen) => screen.output().columns);

/** Writes lines for people to standard output; what they hold of data cannot be a command there. */
export const print = (lines: readonly string[]): Effect.Effect<void> =>
  printAsIs(lines.map(printable));

/** Writes lines for programs to standard output. */
export const printAsIs = (lines: readonly string[]): Effect.Effect<void> =>
  Effect.map(Screen, (screen) => screen.print(lines.join("\n") + "\n"));

/** Writes a value as JSON to standard output. */
export const printJson = (value: unknown): Effect.Effect<void> =>
  printAsIs([JSON.stringify(value, null, 2)]);
