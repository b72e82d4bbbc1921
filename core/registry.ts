/**
 * Finds plugins by id. The registry is a plain object with plugins as values, passed as an
 * argument: `import * as plugins` is one; nothing registers itself.
 *
 * @module
 */

import { Effect } from "effect";
import { decode, type PlainSchema } from "./decode.ts";
import { ExperimentError } from "./errors.ts";
import type { Use } from "./experiment.ts";
import { suggest } from "./nearest.ts";
import type { Kinds, Plugin } from "./plugin.ts";

/** Anything with plugins among its values. */
export type Registry = Readonly<Record<string, unknown>>;

/** The plugins of a registry; other values are passed over. */
export function pluginsOf(registry: Registry): Plugin[] {
  return Object.values(registry).filter((value): value is Plugin =>
    typeof value === "function" && "kind" in value && "id" in value && "config" in value
  );
}

/** The plugins of a module as part of a registry: it may export them under any name. */
export const registered = (module: string, exports: Registry): Registry =>
  Object.fromEntries(
    pluginsOf(exports).map((plugin) => [`${module}#${plugin.kind} ${plugin.id}`, plugin]),
  );

/** The plugins of a registry that are those of a module. */
export const pluginsFrom = (registry: Registry, module: string): Plugin[] =>
  pluginsOf(
    Object.fromEntries(Object.entries(registry).filter(([key]) => key.startsWith(`${module}#`))),
  );

/** The plugin of a kind that `use` names. */
export const find = Effect.fnUntraced(function* <K extends keyof Kinds>(
  registry: Registry,
  kind: K,
  { use }: Use,
) {
  const all = pluginsOf(registry);
  const found = all.find((plugin) => plugin.kind === kind && plugin.id === use);
  if (found !== undefined) return found as unknown as Plugin<K>;
  const other = all.find((plugin) => plugin.id === use);
  const known = all.filter((plugin) => plugin.kind === kind).map(({ id }) => id);
  return yield* new ExperimentError({
    message: `Cannot find ${kind} "${use}": ` +
      (other ? `it is ${article(other.kind)}; ` : "") + suggest(use, known),
  });
});

/** Finds the plugin that `use` names and makes it. */
export const make = Effect.fnUntraced(function* <K extends keyof Kinds>(
  registry: Registry,
  kind: K,
  use: Use,
) {
  const { use: id, ...config } = use;
  const plugin = yield* find(registry, kind, use);
  const schema = plugin.config as unknown as PlainSchema<unknown>;
  yield* decode(schema, config, `Cannot configure ${kind} "${id}"`);
  return yield* Effect.try({
    try: () => plugin(config) as Kinds[K],
    catch: (cause) =>
      new ExperimentError({ message: `Cannot make ${kind} "${id}": ${(cause as Error).message}` }),
  });
});

const article = (word: string) => `${/^[aeiou]/.test(word) ? "an" : "a"} ${word}`;
