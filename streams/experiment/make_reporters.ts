/**
 * From the reporters that are named to listeners; no failure of theirs is one of the run.
 *
 * @module
 */

import { Cause, Effect, Scope } from "effect";
import type { Use } from "../../core/experiment.ts";
import type { Kinds } from "../../core/plugin.ts";
import { make, type Registry } from "../../core/registry.ts";
import { guarded } from "../console/guarded.ts";
import { Screen } from "../console/screen.ts";

/**
 * Makes reporters, and refuses what cannot be made. Each of the effects that come out opens one of them:
 * that may fail, as the run has not begun; what it throws when it is told something, or is closed, is
 * said on standard error.
 */
export const makeReporters = (uses: readonly Use[], registry: Registry) =>
  Effect.forEach(
    uses,
    (use) => Effect.map(make(registry, "reporter", use), (made) => opened(use.use, made)),
  );

const opened = Effect.fnUntraced(function* (id: string, reporter: Kinds["reporter"]) {
  const screen = yield* Screen, tell = (line: string) => screen.tell(`${line}\n`);
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope, exit) =>
    Effect.catchCause(
      Scope.close(scope, exit),
      (cause) => Effect.sync(() => tell(`Cannot close reporter "${id}": ${why(cause)}`)),
    ));
  const listen = yield* Scope.provide(reporter, scope);
  return guarded(`Reporter "${id}"`, listen, tell);
});

function why(cause: Cause.Cause<unknown>): string {
  const error = Cause.squash(cause);
  return error instanceof Error ? error.message : String(error);
}
