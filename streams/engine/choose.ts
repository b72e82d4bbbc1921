/**
 * Which engine computes.
 *
 * @module
 */

import { Effect } from "effect";
import { ExperimentError, InputError } from "../../core/errors.ts";
import type { EngineUse } from "../../core/experiment.ts";
import type { Engine } from "../../core/model/program.ts";
import type { Plugin } from "../../core/plugin.ts";
import { find, make, pluginsOf, type Registry } from "../../core/registry.ts";

/** Engines of one kind, why better kinds were passed over, and what these say of themselves. */
export interface Opened {
  readonly engines: readonly Engine[];
  /** What opens the same ones again, on a machine with more processors too. */
  readonly use: EngineUse;
  /** Sentences without full stops. */
  readonly notes: readonly string[];
}

/** The engines of a registry. */
export const enginesOf = (registry: Registry): Plugin<"engine">[] =>
  pluginsOf(registry).filter(({ kind }) => kind === "engine") as unknown as Plugin<"engine">[];

/** Opens `count` of the engine that is named, or of the best that opens here with these settings. */
export const openEngines = Effect.fnUntraced(function* (
  registry: Registry,
  { use, ...settings }: EngineUse,
  count: number,
) {
  const open = Effect.fnUntraced(function* (id: string, own: Readonly<Record<string, unknown>>) {
    const use = { use: id, ...own }, { config } = yield* find(registry, "engine", use);
    const engine = yield* make(registry, "engine", use);
    const engines = yield* Effect.forEach(Array.from({ length: count }), () => engine);
    const { threads, precision, notes = [] } = engines[0];
    const decided = Object.entries({ threads, precision }).filter(([name]) =>
      name in config.fields
    );
    return { engines, use: { ...use, ...Object.fromEntries(decided) }, notes };
  });
  if (use !== null) return (yield* open(use, settings)) satisfies Opened;
  const ranked = enginesOf(registry).filter(({ rank }) => rank !== undefined)
    .sort((a, b) => b.rank! - a.rank!);
  const reasons: string[] = [];
  let isMisused = true;
  for (const { id, config } of ranked) {
    const [known, unknown] = split(settings, (name) => name in config.fields);
    const outcome = yield* open(id, known).pipe(
      Effect.catchTags({
        ExperimentError: ({ message }) => Effect.succeed(message),
        InputError({ message }) {
          isMisused = false;
          return Effect.succeed(message);
        },
      }),
    );
    if (typeof outcome !== "string") {
      const ignored = Object.keys(unknown).map((name) => `Engine "${id}" has no "${name}" to set`);
      return { ...outcome, notes: [...reasons, ...ignored, ...outcome.notes] } satisfies Opened;
    }
    reasons.push(outcome);
  }
  const why = reasons.length === 0 ? "there is none" : reasons.map(inner).join("; and ");
  const message = `Cannot choose an engine: ${why}`;
  // Settings that no engine takes, on no machine.
  return yield* isMisused ? new ExperimentError({ message }) : new InputError({ message });
});

/** The entries whose names pass, and the others. */
function split(
  settings: Readonly<Record<string, unknown>>,
  passes: (name: string) => boolean,
): [Record<string, unknown>, Record<string, unknown>] {
  const all = Object.entries(settings);
  return [
    Object.fromEntries(all.filter(([name]) => passes(name))),
    Object.fromEntries(all.filter(([name]) => !passes(name))),
  ];
}

/** A sentence as a clause of another. */
const inner = (sentence: string): string => sentence.replace(/^Cannot/, "cannot");
