/**
 * What the commands of a command line share.
 *
 * @module
 */

import { Effect } from "effect";
import { Screen } from "./screen.ts";

/** A module, loaded when a command needs it. */
export const load = <A>(module: () => Promise<A>): Effect.Effect<A> => Effect.promise(module);

/** Characters in a line of standard output. */
export const width: Effect.Effect<number> = Effect.map(Screen, (screen) => screen.output().columns);

/** Writes lines to standard output. */
export const print = (lines: readonly string[]): Effect.Effect<void> =>
  Effect.map(Screen, (screen) => screen.print(lines.join("\n") + "\n"));
