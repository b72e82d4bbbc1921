/**
 * Which engines this machine has, how fast they are and whether they compute the same.
 *
 * @module
 */

import { Effect } from "effect";
import { type InputError, RunError } from "../../core/errors.ts";
import { failed } from "../../core/failed.ts";
import type { Abilities, Engine } from "../../core/model/program.ts";
import { keyOf } from "../../core/random.ts";
import { make, type Registry } from "../../core/registry.ts";
import { clock } from "../console/terminal.ts";
import { enginesOf } from "../engine/choose.ts";
import { cpuEngine } from "../engine/eager.ts";
import { ALLOWED, difference, type Part, rehearse } from "../engine/rehearsal.ts";

/** What was found of one engine. */
export type Finding =
  | { readonly id: string; readonly available: false; readonly reason: string }
  | Examined & { readonly id: string; readonly available: true };

/** An engine that opens. */
export interface Examined extends Abilities {
  readonly name: string;
  /** Whether it is the one that computes where an experiment names none. */
  readonly chosen: boolean;
  /** Cells that it learns from in a second, at a small size. */
  readonly speed: number;
  /** How far its gradients are from those of plain JavaScript, as a share of their size. */
  readonly difference: number;
  /** Whether that is as little as its numbers allow. */
  readonly agrees: boolean;
}

/** Two layers of 32: what plain JavaScript does in a moment. */
const SMALL = { layers: 2, width: 32, heads: 4 };
const SIZE = { shape: { genes: 200, length: 33 }, cells: 4, key: keyOf(1) };

/** Opens every engine of the registry, one after the other, and tries it for about a second. */
export const examineEngines = Effect.fnUntraced(function* (registry: Registry) {
  const build = yield* make(registry, "architecture", { use: "transformer", ...SMALL });
  const part: Part = { ...SIZE, architecture: build(SIZE.shape) };
  const { gradients: [expected] } = yield* Effect.promise(() => rehearse(cpuEngine(), part, 1));
  const engines = enginesOf(registry).sort((a, b) => (b.rank ?? 0) - (a.rank ?? 0));
  const findings: Finding[] = [];
  for (const { id, rank } of engines) {
    const chosen = rank !== undefined && !findings.some((found) => found.available && found.chosen);
    const found = yield* Effect.gen(function* () {
      const engine = yield* yield* make(registry, "engine", { use: id });
      return yield* examine(engine, part, expected);
    }).pipe(
      Effect.scoped,
      Effect.map((found) => ({ id, available: true as const, chosen, ...found })),
      Effect.catchTags({ InputError: missing(id), RunError: missing(id) }),
    );
    findings.push(found);
  }
  return findings;
});

/** Fails when an engine that is there computes something else. */
export const trusted = (findings: readonly Finding[]): Effect.Effect<void, RunError> => {
  const wrong = findings.find((found) => found.available && !found.agrees);
  return wrong === undefined ? Effect.void : Effect.fail(
    new RunError({
      message: `Cannot trust engine "${wrong.id}": its gradients are not those of plain ` +
        "JavaScript; name another engine in the experiment",
    }),
  );
};

/** What is said of an engine that does not open, or fails when it is tried. */
const missing = (id: string) => ({ message }: InputError | RunError) =>
  Effect.succeed({ id, available: false as const, reason: message });

/** Tries an engine; what it refuses is a failure, anything else a mistake. */
const examine = Effect.fnUntraced(function* (engine: Engine, part: Part, expected: Float32Array) {
  const { name, precision, device, threads, library } = engine;
  const { apart, speed } = yield* Effect.tryPromise({
    try: async () => {
      const { gradients: [gradients] } = await rehearse(engine, part, 1);
      return { apart: difference(gradients, expected), speed: await speedOf(engine, part) };
    },
    catch: (cause) => cause,
  }).pipe(
    Effect.catch(failed),
  );
  const agrees = apart <= ALLOWED[precision];
  return { name, precision, device, threads, library, speed, difference: apart, agrees };
});

/** Cells a second: more and more steps until they take most of one, but for the first, which compiles. */
async function speedOf(engine: Engine, part: Part): Promise<number> {
  const one = await seconds(() => rehearse(engine, part, 1));
  for (let steps = 1;; steps *= 3) {
    const more = await seconds(() => rehearse(engine, part, 1 + steps)) - one;
    if (more > 0.6 || steps > 10_000) return steps * part.cells / more;
  }
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begun = clock.now();
  await work();
  return clock.now() - begun;
}
