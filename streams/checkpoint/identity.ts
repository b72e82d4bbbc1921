/**
 * What a checkpoint belongs to, and what is said when it belongs to something else.
 *
 * @module
 */

import type { Layout } from "../../core/model/program.ts";
import { canonical, firstDifference, tellDifference } from "./difference.ts";
import { type Manifest, sha256Of } from "./manifest.ts";

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
  /** Names and shapes of the weights. */
  readonly layout: Layout;
}

/** The part of a manifest that says what it belongs to. */
export function identify(
  { experiment, atlas, engine, versions, layout }: Identity,
): Pick<Manifest, "experiment" | "atlas" | "engine" | "versions" | "weights"> {
  const content = canonical(experiment);
  return {
    experiment: { sha256: sha256Of(JSON.stringify(content)), content },
    atlas: { cells: atlas.cells, genes: atlas.genes, sha256: atlas.sha256 },
    engine,
    versions,
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
  return strangeAtlas(manifest.atlas, here.atlas) ?? strangeEngine(manifest.engine, here.engine) ??
    strangeWeights(manifest.weights, here.weights);
}

/** In a sentence each, the versions that have changed since; numbers may differ by that. */
export function newVersions(manifest: Manifest, { versions }: Identity): string[] {
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
