/**
 * Engines in tests, without a scope to think of.
 *
 * @module
 */

import { Effect, Exit, Scope } from "effect";
import type { Engine } from "../core/model/program.ts";

/** Opens an engine that closes its scope when it is closed. */
export async function opened(plugin: Effect.Effect<Engine, unknown, Scope.Scope>): Promise<Engine> {
  const scope = await Effect.runPromise(Scope.make());
  const engine = await Effect.runPromise(Scope.provide(plugin, scope));
  return { ...engine, close: () => Effect.runPromise(Scope.close(scope, Exit.void)) };
}
