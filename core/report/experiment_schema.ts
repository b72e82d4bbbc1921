/**
 * The JSON Schema of experiment files, with which editors complete and check what is typed.
 *
 * @module
 */

import { Schema, SchemaAST } from "effect";
import { Experiment, GeneSet, Judge, Method, Training } from "../experiment.ts";
import { type Fields, type Kinds, kinds, type Plugin } from "../plugin.ts";

/** A JSON Schema, or part of one: https://json-schema.org, draft 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * The JSON Schema of experiments made of these plugins; plugins of other ids are let through where the
 * experiment may bring some along.
 */
export function experimentSchema(plugins: Iterable<Plugin>): JsonSchema {
  const all = [...plugins], definitions = all.map((plugin) => [nameOf(plugin), configured(plugin)]);
  const uses = kinds.map((kind) => [kind, anyOf(kind, all)]);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "gil experiment",
    ...object(Experiment.fields, {
      source: use("source"),
      sets: list(object(GeneSet.fields, { source: orNull(use("source")) }), 1),
      curriculum: use("curriculum"),
      transforms: list(use("transform")),
      sampler: use("sampler"),
      architecture: use("architecture"),
      training: object(Training.fields),
      methods: {
        type: "object",
        additionalProperties: object(Method.fields, {
          replay: orNull(use("replay")),
          distiller: orNull(use("distiller")),
        }),
      },
      evaluators: list(use("evaluator"), 1),
      reporters: list(use("reporter")),
      engine: { anyOf: [use("engine"), { type: "object", not: { required: ["use"] } }] },
    }),
    $defs: Object.fromEntries([...definitions, ...uses]),
  };
}

const nameOf = ({ kind, id }: Pick<Plugin, "kind" | "id">): string => `${kind} ${id}`;
const list = (items: JsonSchema, minItems = 0): JsonSchema => ({ type: "array", items, minItems });
const orNull = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: "null" }] });
const refer = (name: string): JsonSchema => ({ $ref: `#/$defs/${encodeURIComponent(name)}` });
const use = (kind: keyof Kinds): JsonSchema => refer(kind);

/** What may stand where a plugin of a kind is named: one of these, or one whose id none of them has. */
const anyOf = (kind: keyof Kinds, plugins: readonly Plugin[]): JsonSchema => ({
  type: "object",
  required: ["use"],
  anyOf: [
    ...plugins.filter((plugin) => plugin.kind === kind).map((plugin) => refer(nameOf(plugin))),
    { properties: { use: { type: "string", not: { enum: plugins.map(({ id }) => id) } } } },
  ],
});

/** A plugin's settings beside its id; those of evaluators beside those of all evaluators. */
function configured({ kind, id, purpose, config }: Plugin): JsonSchema {
  const shared = kind === "evaluator" ? { sampler: Judge.schema.fields.sampler } : {};
  const { properties, required, ...rest } = object({ ...shared, ...config.fields }, {
    ...(kind === "evaluator" && { sampler: use("sampler") }),
  });
  return {
    ...rest,
    description: purpose,
    properties: { use: { const: id }, ...properties as JsonSchema },
    required: ["use", ...required as string[]],
  };
}

/** A struct as JSON has it; `parts` stand for fields that a schema of their own describes. */
function object(fields: Fields, parts: Readonly<Record<string, JsonSchema>> = {}): JsonSchema {
  const properties = Object.entries(fields).map(([name, field]) => {
    const { description, default: fallback } = field.ast.context?.annotations ?? {};
    return [name, {
      ...parts[name] ?? Schema.toJsonSchemaDocument(field).schema,
      ...(description !== undefined && { description }),
      ...(fallback !== undefined && { default: fallback }),
    }];
  });
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    required: Object.entries(fields).filter(([, { ast }]) =>
      !SchemaAST.isOptional(SchemaAST.toEncoded(ast))
    ).map(([name]) => name),
    additionalProperties: false,
  };
}
