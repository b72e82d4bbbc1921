/**
 * What a set of plugins has to offer, as plain data and as lines to read.
 *
 * @module
 */

import { type Schema, SchemaAST } from "effect";
import { kinds, type Plugin } from "../plugin.ts";
import { wrap } from "./wrap.ts";

/** One field of a plugin's configuration. */
export interface PluginOption {
  readonly name: string;
  /** In words: "number", `"a" or "b"`, "list of text". */
  readonly type: string;
  readonly required: boolean;
  /** What stands when the field is left out; undefined when nothing does. */
  readonly default: unknown;
  readonly description: string;
}

/** What `gil plugins` says about one plugin. */
export interface PluginDescription {
  readonly kind: string;
  readonly id: string;
  readonly purpose: string;
  readonly options: readonly PluginOption[];
}

/** Describes each plugin: kind by kind in the order in which a batch meets them, then by id. */
export function describePlugins(plugins: Iterable<Plugin>): PluginDescription[] {
  return [...plugins]
    .map(({ kind, id, purpose, config }) => ({ kind, id, purpose, options: optionsOf(config) }))
    .sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || (a.id < b.id ? -1 : 1));
}

/** The descriptions as lines of text, at most `columns` wide where words allow it. */
export function pluginLines(plugins: readonly PluginDescription[], columns: number): string[] {
  const lines: string[] = [];
  for (const kind of kinds) {
    const ofKind = plugins.filter((plugin) => plugin.kind === kind);
    if (ofKind.length === 0) continue;
    if (lines.length > 0) lines.push("");
    lines.push(kind);
    for (const { id, purpose, options } of ofKind) {
      lines.push(...wrap(`  ${id}  ${purpose}`, 4, columns));
      for (const option of options) {
        const text = `    ${option.name} (${typeAndDefault(option)})  ${option.description}`;
        lines.push(...wrap(text, 6, columns));
      }
    }
  }
  return lines;
}

/** The fields of a configuration. */
export function optionsOf(config: Schema.Struct<Schema.Struct.Fields>): PluginOption[] {
  return Object.entries(config.fields).map(([name, field]) => {
    const key = field.ast.context?.annotations ?? {};
    return {
      name,
      type: typeInWords(field.ast),
      required: !SchemaAST.isOptional(SchemaAST.toEncoded(field.ast)),
      default: key.default,
      description: String(key.description ?? field.ast.annotations?.description ?? ""),
    };
  });
}

function typeAndDefault({ type, required, default: fallback }: PluginOption): string {
  if (required) return `${type}; required`;
  return fallback === undefined ? type : `${type}; default ${JSON.stringify(fallback)}`;
}

/** The type that a user writes in JSON. */
function typeInWords(ast: SchemaAST.AST): string {
  const encoded = SchemaAST.toEncoded(ast);
  switch (encoded._tag) {
    case "Number":
      return numberInWords(ast);
    case "String":
      return "text";
    case "Boolean":
      return "true or false";
    case "Literal":
      return JSON.stringify(encoded.literal);
    case "Union":
      return encoded.types.filter((type) => type._tag !== "Undefined").map(typeInWords).join(
        " or ",
      );
    case "Arrays":
      return encoded.rest.length > 0 ? `list of ${typeInWords(encoded.rest[0])}` : "list";
    case "Objects":
      return "object";
    default:
      return encoded._tag.toLowerCase();
  }
}

/** "number" with what its checks expect: "whole number greater than 0". */
function numberInWords(ast: SchemaAST.AST): string {
  const expected = (ast.checks ?? []).flatMap(({ annotations }) => annotations?.expected ?? []);
  const bounds = expected.filter((text) => text.startsWith("a value "))
    .map((text) => text.slice("a value".length));
  return (expected.includes("an integer") ? "whole number" : "number") + bounds.join(" and");
}
