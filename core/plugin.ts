/**
 * What a plugin is: a function that knows its own kind, id, purpose and configuration.
 *
 * @module
 */

import { Effect, Schema, type Scope } from "effect";
import type { OperatorFunction } from "rxjs";
import type { Architecture, Shape } from "./model/architecture.ts";
import type { CellBatch } from "./batch.ts";
import type { Curriculum, Survey } from "./curriculum.ts";
import type { Distiller } from "./distiller.ts";
import type { GilError } from "./errors.ts";
import type { Evaluator } from "./evaluator.ts";
import type { RunEvent } from "./events.ts";
import type { Engine } from "./model/program.ts";
import type { Key } from "./random.ts";
import type { Replay } from "./replay.ts";
import type { Sampler } from "./sampler.ts";
import type { Scale, Source } from "./source.ts";

/** What each kind of plugin makes. Adding a kind is adding a line here. */
export interface Kinds {
  source: Effect.Effect<Source, GilError, Scope.Scope>;
  curriculum: (survey: Survey) => Effect.Effect<Curriculum, GilError>;
  transform: OperatorFunction<CellBatch, CellBatch>;
  sampler: Sampler;
  replay: (key: Key) => Replay;
  distiller: Distiller;
  architecture: (shape: Shape) => Architecture;
  engine: Effect.Effect<Engine, GilError, Scope.Scope>;
  evaluator: Evaluator;
  reporter: Effect.Effect<(event: RunEvent) => void, GilError, Scope.Scope>;
}

/** The kinds, in the order in which a batch meets them. */
export const kinds = [
  "source",
  "curriculum",
  "transform",
  "sampler",
  "replay",
  "distiller",
  "architecture",
  "engine",
  "evaluator",
  "reporter",
] as const satisfies readonly (keyof Kinds)[];

/** The fields of a plugin's configuration; each with a description and, unless required, a default. */
export type Fields = Schema.Struct.Fields;

/** Decodes plain JSON without needing services. */
type Plain<F extends Fields> = Schema.Codec<
  Schema.Struct<F>["Type"],
  Schema.Struct<F>["Encoded"]
>;

/** What the author of a plugin writes. */
export interface Definition<K extends keyof Kinds, F extends Fields> {
  /** The name in an experiment file: `{ "use": id }`. */
  readonly id: string;
  /** What it does, as a clause: "replaces each value v with log(1 + v)". */
  readonly purpose: string;
  readonly config: F;
  readonly make: (config: Schema.Struct<F>["Type"]) => Kinds[K];
  /** Transforms: the scale that values must have on the way in; any unless given. */
  readonly takes?: Scale;
  /** Transforms: the scale that values have on the way out; unchanged unless given. */
  readonly gives?: Scale;
  /** Engines: of those that open, the one with the highest rank computes where none is named. */
  readonly rank?: number;
}

/** Callable factory plus everything a registry needs to know about it. */
export interface Plugin<K extends keyof Kinds = keyof Kinds, F extends Fields = Fields> {
  /** Makes one from its configuration; throws when that is ill-formed. */
  (config?: Schema.Struct<F>["Encoded"]): Kinds[K];
  readonly kind: K;
  readonly id: string;
  readonly purpose: string;
  readonly config: Schema.Struct<F>;
  readonly takes: Scale | undefined;
  readonly gives: Scale | undefined;
  readonly rank: number | undefined;
}

/** Declares a plugin of one kind; the kind words below are this, applied. */
function plugin<K extends keyof Kinds>(kind: K) {
  return <const F extends Fields>(definition: Definition<K, F>): Plugin<K, F> => {
    const config = Schema.Struct(definition.config);
    const decode = Schema.decodeUnknownSync(config as unknown as Plain<F>, {
      onExcessProperty: "error",
    });
    return Object.assign(
      (input: unknown = {}) => definition.make(decode(input)),
      {
        kind,
        id: definition.id,
        purpose: definition.purpose,
        config,
        takes: definition.takes,
        gives: definition.gives,
        rank: definition.rank,
      },
    );
  };
}

/** Declares a source: opens to counted cells and a vocabulary. */
export const source = plugin("source");
/** Declares a curriculum: survey → genes and cells of each stage. */
export const curriculum = plugin("curriculum");
/** Declares a transform: cells → cells, each cell alone. */
export const transform = plugin("transform");
/** Declares a sampler: chooses which entries of a cell a model reads. */
export const sampler = plugin("sampler");
/** Declares a replay: memory of the cells of earlier stages. */
export const replay = plugin("replay");
/** Declares a distiller: the previous model as an extra loss. */
export const distiller = plugin("distiller");
/** Declares an architecture: weights and a pure function of them. */
export const architecture = plugin("architecture");
/** Declares an engine: runs or compiles pure tensor functions. */
export const engine = plugin("engine");
/** Declares an evaluator: a fold over outcomes. */
export const evaluator = plugin("evaluator");
/** Declares a reporter: consumes run events. */
export const reporter = plugin("reporter");

/** A field of a configuration that may be left out: its default and what it means. */
export function setting<S extends Schema.Top>(
  schema: S,
  fallback: S["Encoded"],
  description: string,
): Schema.withDecodingDefaultKey<S> {
  return schema.pipe(Schema.withDecodingDefaultKey<S>(Effect.succeed(fallback)))
    .annotateKey({ description, default: fallback as S["Type"] });
}

/** A field of a configuration that must be there, and what it means. */
export function required<S extends Schema.Top>(schema: S, description: string): S["Rebuild"] {
  return schema.pipe(Schema.annotateKey({ description }));
}

/** Annotation of fields that hold places. */
const PLACE = "gil/place";

/**
 * A field whose text, or list of texts, says where something is: `place(required(…))`. `make` gets paths
 * that an experiment file gives relative to itself as absolute ones, and addresses as they are.
 */
export function place<S extends Schema.Top>(field: S): S["Rebuild"] {
  return field.pipe(Schema.annotateKey({ [PLACE]: true }));
}

/** Whether a field is one that `place` made. */
export const isPlace = (field: Schema.Constraint): boolean =>
  field.ast.context?.annotations?.[PLACE] === true;
