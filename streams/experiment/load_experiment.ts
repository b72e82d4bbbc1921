/**
 * Reads an experiment file: JSON with comments, its own plugins beside those in the box.
 *
 * @module
 */

import { Effect } from "effect";
import { parse, type ParseError, printParseErrorCode } from "jsonc-parser";
import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { decode, type PlainSchema } from "../../core/decode.ts";
import { ExperimentError, InputError } from "../../core/errors.ts";
import { Experiment } from "../../core/experiment.ts";
import { isPlace, type Plugin } from "../../core/plugin.ts";
import { pluginsOf, registered, type Registry } from "../../core/registry.ts";
import { placeFrom } from "../bytes/place.ts";
import { Screen } from "../console/screen.ts";

/**
 * Values that a command line puts in the place of an experiment file's own, by top-level key; an
 * engine or a source without `use` changes settings of the file's own.
 */
export type Overrides = Readonly<Record<string, unknown>>;

/** An experiment and every plugin that it may name. */
export interface Loaded {
  readonly experiment: Experiment;
  readonly registry: Registry;
}

/**
 * Reads, checks and completes an experiment file and imports the plugin modules that it names, having
 * said on standard error which. Every path in it is relative to the file and comes out absolute: `from`,
 * and the settings that a plugin declares with `place`, where they are no addresses.
 *
 * @param box The plugins that come with gil; a plugin of the file's own may not repeat their ids.
 */
export const loadExperiment = Effect.fnUntraced(function* (
  path: string,
  box: Registry,
  overrides: Overrides = {},
) {
  const text = yield* Effect.tryPromise({
    try: () => readFile(path, "utf8"),
    catch: () =>
      new InputError({ message: `Cannot read experiment "${path}": there is no such file` }),
  });
  const faults: ParseError[] = [];
  const json = parse(text, faults, { allowTrailingComma: true }) as unknown;
  if (faults.length > 0 || typeof json !== "object" || json === null) {
    const [fault] = faults;
    const line = text.slice(0, fault?.offset ?? 0).split("\n").length;
    return yield* new ExperimentError({
      message: `Cannot read experiment "${path}": line ${line} is not JSON ` +
        `(${fault ? printParseErrorCode(fault.error) : "an object is expected"})`,
    });
  }
  const decoded = yield* decode(
    Experiment as unknown as PlainSchema<Experiment>,
    overridden(json as Overrides, overrides),
    `Cannot read experiment "${path}"`,
  );
  const folder = dirname(resolve(path));
  yield* announce(decoded.plugins);
  const own = yield* Effect.forEach(decoded.plugins, (name) => importPlugins(name, folder));
  const registry: Registry = Object.assign({}, box, ...own);
  const experiment = {
    ...placesFrom(folder, pluginsOf(registry))("experiment", decoded) as Experiment,
    from: fromWhere(decoded.from, folder),
    plugins: decoded.plugins.map((name) => moduleFrom(folder, name)),
  };
  return { experiment, registry } satisfies Loaded;
});

/** The experiment with others of its keys; settings without a plugin are laid over those of its own. */
function overridden(json: Overrides, overrides: Overrides): Record<string, unknown> {
  const plugins = ["engine", "source"].flatMap((key) => {
    const settings = overrides[key] as Overrides | undefined;
    const laid = settings && !("use" in settings);
    return laid ? [[key, { ...json[key] as Overrides | undefined, ...settings }]] : [];
  });
  return { ...json, ...overrides, ...Object.fromEntries(plugins) };
}

/**
 * Makes the places that plugins are configured with absolute, wherever in a value plugins are named. The
 * key of a plugin tells its kind: "source", "transforms".
 */
function placesFrom(folder: string, plugins: readonly Plugin[]) {
  const placed = (inner: unknown) => typeof inner === "string" ? placeFrom(folder, inner) : inner;
  return function within(key: string, value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => within(key, item));
    if (typeof value !== "object" || value === null) return value;
    const use = "use" in value ? value.use : undefined;
    const plugin = plugins.find(({ kind, id }) => id === use && key.startsWith(kind));
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => {
        const field = plugin?.config.fields[name];
        if (!field || !isPlace(field)) return [name, within(name, inner)];
        return [name, Array.isArray(inner) ? inner.map(placed) : placed(inner)];
      }),
    );
  };
}

/** The weights that seeds begin with, wherever they are called from. */
function fromWhere(from: Experiment["from"], folder: string): Experiment["from"] {
  if (from === null) return null;
  if (typeof from === "string") return placeFrom(folder, from);
  return { ...from, path: placeFrom(folder, from.path) };
}

const isPath = (name: string): boolean => name.startsWith(".") || isAbsolute(name);

/** A module's name wherever it is called from. */
const moduleFrom = (folder: string, name: string): string =>
  isPath(name) ? resolve(folder, name) : name;

/** Tells people which modules are about to run. */
const announce = Effect.fnUntraced(function* (names: readonly string[]) {
  const program = names.find((name) => /^(data|blob):/i.test(name.trim()));
  if (program !== undefined) {
    return yield* new ExperimentError({
      message: `Cannot load plugins from "${program.slice(0, 20)}…": an experiment file holds no ` +
        `programs; put it into a file of its own and name that`,
    });
  }
  if (names.length > 0) (yield* Screen).tell(`Loads plugins from ${names.join(", ")}\n`);
});

/** Imports one module of plugins; a path is relative to the experiment file. */
const importPlugins = Effect.fnUntraced(function* (name: string, folder: string) {
  const url = isPath(name) ? pathToFileURL(resolve(folder, name)).href : name;
  const module = yield* Effect.tryPromise({
    try: () => import(url) as Promise<Registry>,
    catch: (cause) =>
      new InputError({
        message: `Cannot load plugins from "${name}": ${
          (cause as Error).message.split("\n")[0].replace(/\.$/, "")
        }`,
      }),
  });
  if (pluginsOf(module).length === 0) {
    return yield* new ExperimentError({
      message: `Cannot load plugins from "${name}": it exports none; ` +
        `export what transform(), sampler() or another kind word returns`,
    });
  }
  return registered(moduleFrom(folder, name), module);
});
