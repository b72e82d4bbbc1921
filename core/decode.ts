/**
 * Plain JSON to checked values, or one sentence about the first thing that is wrong with it.
 *
 * @module
 */

import { Effect, Result, Schema, SchemaIssue } from "effect";
import { ExperimentError } from "./errors.ts";
import { suggest } from "./nearest.ts";

const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1();

/** Any schema that decodes plain JSON without needing services. */
export type PlainSchema<A> = Schema.Codec<A, unknown>;

/**
 * Decodes `value`; unknown keys are errors.
 *
 * @param action The beginning of the sentence, for example `Cannot configure sampler "uniform"`.
 */
export function decode<A>(
  schema: PlainSchema<A>,
  value: unknown,
  action: string,
): Effect.Effect<A, ExperimentError> {
  const result = Schema.decodeUnknownResult(schema, { onExcessProperty: "error" })(value);
  return Result.isSuccess(result) ? Effect.succeed(result.success) : Effect.fail(
    new ExperimentError({ message: `${action}: ${firstFault(schema, result.failure)}` }),
  );
}

/** What is wrong first, in words: where, what was expected, and the nearest known key. */
function firstFault(schema: PlainSchema<unknown>, error: Schema.SchemaError): string {
  const { issues } = issuesOf(error.issue);
  const issue = issues.find(({ message }) => message.includes("excess")) ?? issues[0];
  const path = (issue.path ?? []).map((part) => String(typeof part === "object" ? part.key : part));
  const where = path.length > 0 ? `"${path.join(".")}"` : "the value";
  if (issue.message.includes("excess")) {
    const known = fieldsAt(schema, path.slice(0, -1));
    return `${where} is not a known key; ${suggest(path.at(-1) ?? "", known)}`;
  }
  if (/missing/i.test(issue.message)) return `${where} is missing`;
  return `${where}: ${issue.message[0].toLowerCase()}${issue.message.slice(1)}`;
}

/** The parts of a schema that lead to its fields; which of them exist depends on its kind. */
interface Nested {
  readonly fields?: Readonly<Record<string, Nested>>;
  readonly schema?: Nested;
  readonly value?: Nested;
  readonly to?: Nested;
}

/** Names of the fields of the struct at `path`, as far as the schema is made of structs and lists. */
function fieldsAt(schema: unknown, path: readonly string[]): string[] {
  let here = schema as Nested | undefined;
  for (const key of path) {
    here = unwrap(here)?.fields?.[key] ?? here?.value ?? here?.schema;
  }
  return Object.keys(unwrap(here)?.fields ?? {});
}

/** The struct inside defaults and rest keys. */
function unwrap(schema: Nested | undefined): Nested | undefined {
  let here = schema;
  while (here !== undefined && here.fields === undefined) here = here.to ?? here.schema;
  return here;
}
