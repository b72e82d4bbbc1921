/**
 * What a checkpoint belongs to, and what is said when it belongs to something else.
 *
 * @module
 */

import type { Layout } from "../../core/model/program.ts";
import { canonical, firstDifference, tellDifference } from "./difference.ts";
import { type Manifest, sha256Of } from "./manifest.ts";

/** "refuse": one run, one set of plugins; "go on": with the files as they are now. */
export type OnChangedPlugins = "refuse" | "go on";

/** What a checkpoint belongs to. */
export interface Identity {
  /** The resolved experiment, plain JSON. */
  readonly experiment: unknown;
  /** The hash is of the gene symbols and of whatever else tells one atlas from another. */
  readonly atlas: { readonly cells: number; readonly genes: number; readonly sha256: string };
  /** Name of the engine, as a reader is told. */
  readonly engine: string;
  /** Versions of gil and of what computes, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** Hash of each file of plugins that the experiment names, by its path. */
  readonly plugins: Readonly<Record<string, string>>;
  /** What becomes of checkpoints that were written with other contents of these; "refuse" unless given. */
  readonly onChangedPlugins?: OnChangedPlugins | undefined;
  /** Names and shapes of the weights. */
  readonly layout: Layout;
}

/** The part of a manifest that says what it belongs to. */
export function identify(
  { experiment, atlas, engine, versions, plugins, layout }: Identity,
): Pick<Manifest, "experiment" | "atlas" | "engine" | "versions" | "plugins" | "weights"> {
  const content = canonical(experiment);
  return {
    experiment: { sha256: sha256Of(JSON.stringify(content)), content },
    atlas: { cells: atlas.cells, genes: atlas.genes, sha256: atlas.sha256 },
    engine,
    versions,
    plugins,
    weights: layout.slots.map(({ name, shape }) => ({ name, shape })),
  };
}

/** Why a checkpoint is not of `identity`, in words; undefined where it is. */
export function strangeness(manifest: Manifest, identity: Identity): string | undefined {
  const here = identify(identity);
  if (manifest.experiment.sha256 !== here.experiment.sha256) {
    const found = firstDifference(manifest.experiment.content, canonical(identity.experiment));
    return `it is of another experiment: ${found ? tellDifference(found) : "its hash differs"}`;
  }
  // First what may be why the others differ.
  return strangePlugins(manifest, identity) ??
    strangeAtlas(manifest.atlas, here.atlas) ?? strangeEngine(manifest.engine, here.engine) ??
    strangeWeights(manifest.weights, here.weights);
}

/** In a sentence each, the versions and plugins that have changed since; numbers may differ by that. */
export function changesSince(manifest: Manifest, identity: Identity): string[] {
  return [...newVersions(manifest, identity), ...newPlugins(manifest, identity)];
}

function newVersions(manifest: Manifest, { versions }: Identity): string[] {
  const names = new Set([...Object.keys(manifest.versions), ...Object.keys(versions)]);
  return [...names].flatMap((name) => {
    const before = manifest.versions[name] ?? "none", now = versions[name] ?? "none";
    if (before === now) return [];
    return [
      `Goes on with ${name} ${now} where the checkpoint was written with ${before}; ` +
      "the numbers may differ from those of an undisturbed run",
    ];
  });
}

const editedPlugins = ({ plugins: there = {} }: Manifest, { plugins: here }: Identity): string[] =>
  Object.keys(there).filter((path) => there[path] !== here[path]);

const newPlugins = (manifest: Manifest, identity: Identity): string[] =>
  editedPlugins(manifest, identity).map((path) =>
    `Goes on with plugin file "${path}" as it is now; what was done before it changed stays, and ` +
    "the table mixes both"
  );

function strangePlugins(manifest: Manifest, identity: Identity): string | undefined {
  const [edited] = editedPlugins(manifest, identity);
  if (edited === undefined || identity.onChangedPlugins === "go on") return undefined;
  return `plugin file "${edited}" has changed since; put it back as it was, begin the run anew, or ` +
    `go on with what it is now by "gil resume --changed-plugins"`;
}

function strangeAtlas(there: Identity["atlas"], here: Identity["atlas"]): string | undefined {
  const of = "it is of another atlas";
  for (const unit of ["genes", "cells"] as const) {
    if (there[unit] !== here[unit]) return `${of}, with ${there[unit]} ${unit}, not ${here[unit]}`;
  }
  if (there.sha256 === here.sha256) return undefined;
  return `${of}, with as many genes and cells but other contents`;
}

const strangeEngine = (there: string, here: string): string | undefined =>
  there === here ? undefined : `it was written with engine "${there}", and this is "${here}"`;

function strangeWeights(
  there: Manifest["weights"],
  here: Manifest["weights"],
): string | undefined {
  const found = firstDifference(there, here);
  if (found === undefined) return undefined;
  const tell = (weights: Manifest["weights"]) => {
    const weight = weights[Number(found.path[0])];
    return weight ? `"${weight.name}" of shape [${weight.shape.join(", ")}]` : "no such weight";
  };
  const place = Number(found.path[0]) + 1;
  return `it is of another model: weight ${place} is ${tell(there)} there and ${tell(here)} here`;
}
