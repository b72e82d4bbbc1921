/**
 * What may stand on a command line, and what it becomes.
 *
 * @module
 */

import { Option } from "effect";
import { Flag } from "effect/cli";
import { resolve } from "node:path";
import { optionsOf } from "../../core/report/describe_plugins.ts";
import { capital } from "../../core/report/wrap.ts";
import { placeFrom } from "../bytes/place.ts";
import { ImportOptions } from "../import/import_options.ts";

/** A flag with one value, whose kind `metavar` names in the help. */
export const text = (name: string, metavar: string, description: string): Flag.Flag<string> =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(description));

/** A flag with values between commas. */
export const list = (name: string, metavar: string, description: string): Flag.Flag<string[]> =>
  text(name, metavar, description).pipe(
    Flag.map((words) => words.split(",").map((word) => word.trim())),
  );

/** A flag with a whole number above zero. */
export const count = (name: string, fallback: number, description: string): Flag.Flag<number> =>
  Flag.Int(name).pipe(
    Flag.withDescription(`${description}; ${fallback} unless given`),
    Flag.filter((n) => n > 0, () => "Expected a number above zero"),
    Flag.withDefault(fallback),
  );

/** `--changed-plugins`: what becomes of a run whose plugin files are not what they were. */
export const onChangedPlugins = Flag.Boolean("changed-plugins").pipe(
  Flag.withDescription("Go on though files of plugins have changed since; the table mixes both"),
  Flag.withDefault(false),
  Flag.map((isAsked) => isAsked ? "go on" as const : "refuse" as const),
);

/** The flag `--json`. */
export const json = (description: string): Flag.Flag<boolean> =>
  Flag.Boolean("json").pipe(Flag.withDescription(description), Flag.withDefault(false));

/** Flags that replace what an experiment file says, by its top-level keys. */
export const overriding = {
  seeds: list("seeds", "1,2,3", "Seeds in the place of the experiment's").pipe(
    Flag.filter(
      (seeds) => seeds.every((seed) => /^\d{1,15}$/.test(seed)),
      () => "Expected whole numbers with commas between them",
    ),
    Flag.map((seeds) => seeds.map(Number)),
    Flag.optional,
  ),
  engine: text("engine", "id", "Engine in the place of the experiment's; see gil doctor").pipe(
    Flag.optional,
  ),
  precision: text("precision", "fp32|bf16|auto", "Numbers that the engine multiplies").pipe(
    Flag.optional,
  ),
  threads: text("threads", "n|all", "Threads of the engine").pipe(
    Flag.map((words) => /^\d+$/.test(words) ? Number(words) : words),
    Flag.optional,
  ),
  memory: text("memory", "2GB", "Memory that training may take").pipe(Flag.optional),
  from: text("from", "path", "Checkpoint or weights file that every seed begins with").pipe(
    Flag.map((path) => resolve(path)),
    Flag.optional,
  ),
  atlas: text("atlas", "place", "Atlas in the place of the experiment's source").pipe(
    Flag.map((place) => ({ use: "atlas", path: placeFrom(".", place) })),
    Flag.optional,
  ),
  onDamage: Flag.Literals("on-damage", ["fail", "skip"]).pipe(
    Flag.withDescription(
      "Whether cells that cannot be read end the run, or are left out and counted",
    ),
    Flag.optional,
  ),
};

/** A flag for each option of an import, but for the vocabulary, which comes from a file. */
export const importing: Readonly<Record<string, Flag.Flag<Option.Option<unknown>>>> = Object
  .fromEntries(
    optionsOf(ImportOptions).filter(({ name }) => name !== "genes").map((option) => {
      const { name, type, description, default: fallback } = option;
      const what = capital(description) +
        (fallback === undefined || /^(list|true)/.test(type) ? "" : `; ${fallback} unless given`);
      return [name, Flag.optional(flagOf({ name: dashed(name), type, what }))];
    }),
  );

/** The flag of an option of a type in words. */
function flagOf(
  { name, type, what }: { readonly name: string; readonly type: string; readonly what: string },
): Flag.Flag<unknown> {
  if (type.startsWith("list")) return list(name, "a,b", what);
  if (type.startsWith("true")) return Flag.Boolean(name).pipe(Flag.withDescription(what));
  if (/^(whole )?number/.test(type)) return Flag.Finite(name).pipe(Flag.withDescription(what));
  return text(name, choices(type), what);
}

/** The flags that were given, by name. */
export const given = (
  flags: Readonly<Record<string, Option.Option<unknown>>>,
): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(flags).flatMap(([name, value]) =>
      Option.isSome(value) ? [[name, value.value]] : []
    ),
  );

/** The flags of `overriding` that were given, as an experiment file would say them. */
export function overridesOf(
  flags: Readonly<Record<string, Option.Option<unknown>>>,
): Record<string, unknown> {
  const { engine: use, precision, threads, atlas, onDamage, ...rest } = given(flags);
  const engine = settings({ use, precision, threads });
  const source = settings({ ...(atlas as object | undefined), onDamage });
  return { ...rest, ...(engine && { engine }), ...(source && { source }) };
}

/** Those that were given; undefined where none was. */
function settings(all: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined {
  const found = Object.entries(all).filter(([, value]) => value !== undefined);
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

/** "keepOrder" as a flag is called: "keep-order". */
function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** A type in words as a metavar: '"sum" or "first"' becomes "sum|first". */
function choices(type: string): string {
  return type.replaceAll('"', "").replaceAll(" or ", "|");
}
