/**
 * How far an import is, as its working folder tells the next process.
 *
 * @module
 */

import { Schema } from "effect";
import { existsSync, readFileSync } from "node:fs";
import { Count } from "../../../core/quantities.ts";
import { Manifest } from "../../atlas/manifest.ts";
import { writeWhole } from "../../write_whole.ts";

/** How far an import is. */
export const Progress = Schema.Struct({
  format: Schema.Literal("gil-import"),
  version: Schema.Literal(1),
  /** Hash of what is asked for. */
  request: Schema.String,
  /** Hash of what the inputs are. */
  inputs: Schema.String,
  cells: Count,
  /** How memory was divided when the cells began to be collected. */
  room: Schema.Struct({
    buckets: Count,
    places: Count,
    slot: Count,
    loaded: Count,
    records: Count,
  }),
  /** Cells that are collected, those among them without a gene, and the bytes that they take. */
  collected: Count,
  empty: Count,
  bytes: Count,
  /** Collected cells that express each gene. */
  popularity: Schema.Array(Count),
  /** Shards that are finished. */
  shards: Manifest.fields.shards,
  /** Whether the atlas is complete but for its name. */
  complete: Schema.Boolean,
});
/** How far an import is. */
export type Progress = typeof Progress.Type;

/** The record of an import that has done nothing yet. */
export function beginning(
  asked: Pick<Progress, "request" | "inputs">,
  { cells, genes, room }: Pick<Progress, "cells" | "room"> & { readonly genes: number },
): Progress {
  return {
    format: "gil-import",
    version: 1,
    request: asked.request,
    inputs: asked.inputs,
    cells,
    room,
    collected: 0,
    empty: 0,
    bytes: 0,
    popularity: Array.from({ length: genes }, () => 0),
    shards: [],
    complete: false,
  };
}

const decoded = Schema.decodeUnknownSync(Progress);

/** Writes the record anew, brought to the disk. */
export function writeProgress(path: string, progress: Progress): void {
  writeWhole(path, new TextEncoder().encode(JSON.stringify(progress)));
}

/** The record at `path`; undefined where there is none, or none that can be understood. */
export function readProgress(path: string): Progress | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return decoded(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return undefined;
  }
}
