/**
 * Zarr stores of version 2 and 3 in folders: what is in them, and their arrays a chunk at a time.
 *
 * @module
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { InputError } from "../../../core/errors.ts";
import { MOST_CHUNK_BYTES, type Stored } from "../stored.ts";
import { asInputError, reasonOf, unreadable } from "../unreadable.ts";
import { chunkCache } from "./chunk_cache.ts";
import { type ArrayMetadata, arrayMetadata, record } from "./metadata.ts";
import { type Chunk, zarrArray } from "./zarr_array.ts";

/** Whether the folder is a zarr store. */
export const isZarr = (folder: string): boolean =>
  ["zarr.json", ".zgroup", ".zmetadata"].some((name) => existsSync(join(folder, name)));

/** A group or an array. */
interface Node {
  readonly kind: "group" | "array";
  readonly version: 2 | 3;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Its metadata by file name. */
  readonly documents: Readonly<Record<string, unknown>>;
}

/**
 * Opens a store. Metadata is read beside the chunks that it describes, and from consolidated metadata
 * where there is none, since that may be older than the store. Nothing stays open.
 */
export function openZarr(path: string): Stored {
  const consolidated = readConsolidated(path);
  const cache = chunkCache<Chunk>(MOST_CHUNK_BYTES);
  const known = new Map<string, Node | undefined>();
  function find(at: string): Node | undefined {
    if (!known.has(at)) known.set(at, isWithin(at) ? readNode(path, at, consolidated) : undefined);
    return known.get(at);
  }
  return {
    path,
    kind: (at) => find(at)?.kind ?? "nothing",
    names(at) {
      if (find(at)?.kind !== "group") return [];
      const inside = at === "" ? "" : `${at}/`;
      return childrenOf(path, at, consolidated).filter((name) => find(inside + name));
    },
    attribute: (at, name) => find(at)?.attributes[name] ?? undefined,
    array(at, gaps = "filled") {
      const node = find(at);
      if (node?.kind !== "array") throw unreadable(path, `there is no array "${at}" in it`);
      const { version, documents } = node, metadata = checkedMetadata(path, at, node);
      const folder = join(path, at);
      return zarrArray({ store: path, at, folder, version, documents, metadata, gaps, cache });
    },
  };
}

function checkedMetadata(path: string, at: string, { version, documents }: Node): ArrayMetadata {
  try {
    return arrayMetadata(documents[version === 2 ? ".zarray" : "zarr.json"], version);
  } catch (cause) {
    throw unreadable(path, `"${at}": ${reasonOf(cause)}`);
  }
}

/** Whether a path stays within the store. */
const isWithin = (at: string): boolean =>
  at === "" || at.split("/").every((part) => part !== "" && part !== "." && part !== "..");

/** Metadata of the whole store by path and file name, such as "X/.zattrs" or "X/zarr.json". */
type Consolidated = ReadonlyMap<string, unknown>;

function readConsolidated(path: string): Consolidated {
  const two = Object.entries(record(record(readJson(path, ".zmetadata")).metadata));
  const inline = record(record(readJson(path, "zarr.json")).consolidated_metadata).metadata;
  const three = Object.entries(record(inline))
    .map(([at, document]) => [`${at}/zarr.json`, document] as const);
  return new Map([...two, ...three]);
}

function readNode(path: string, at: string, consolidated: Consolidated): Node | undefined {
  const read = (name: string) => readJson(path, join(at, name)) ?? consolidated.get(join(at, name));
  const three = read("zarr.json");
  if (three !== undefined) {
    const { node_type, attributes } = record(three);
    if (node_type !== "array" && node_type !== "group") {
      throw damaged(path, join(at, "zarr.json"), "it describes neither a group nor an array");
    }
    return {
      kind: node_type,
      version: 3,
      attributes: record(attributes),
      documents: { "zarr.json": three },
    };
  }
  const array = read(".zarray");
  if (array === undefined && read(".zgroup") === undefined) return undefined;
  const attributes = record(read(".zattrs"));
  return {
    kind: array === undefined ? "group" : "array",
    version: 2,
    attributes,
    documents: { ".zarray": array, ".zattrs": attributes },
  };
}

/** Names of what may be groups and arrays. */
function childrenOf(path: string, at: string, consolidated: Consolidated): readonly string[] {
  const folder = join(path, at), inside = at === "" ? "" : `${at}/`;
  const names = new Set<string>();
  if (existsSync(folder)) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (!entry.isFile()) names.add(entry.name);
    }
  }
  for (const key of consolidated.keys()) {
    if (!key.startsWith(inside)) continue;
    const [name, ...rest] = key.slice(inside.length).split("/");
    if (rest.length > 0) names.add(name);
  }
  return [...names].sort();
}

/** What a JSON file in the store says; undefined when there is no such file. */
function readJson(path: string, name: string): unknown {
  let text: string;
  try {
    text = readFileSync(join(path, name), "utf8");
  } catch (cause) {
    const { code } = cause as { code?: string };
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG") return undefined;
    throw asInputError(join(path, name), cause);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw damaged(path, name, "it is no JSON");
  }
}

const damaged = (path: string, name: string, why: string): InputError =>
  unreadable(path, `its metadata "${name}" is damaged: ${why}`);
