/**
 * HDF5 files: what is in them, and their arrays a range at a time.
 *
 * @module
 */

import { open } from "node:fs/promises";
import { resolve } from "node:path";
import process from "node:process";
import { Effect, type Scope } from "effect";
import type { Dataset, Entity, File, Group } from "h5wasm/node";
import type { InputError } from "../../core/errors.ts";
import {
  BOOLEANS,
  doubles,
  MOST_CHUNK_BYTES,
  type Numbers,
  type Stored,
  type StoredArray,
} from "./stored.ts";
import { reasonOf, tryReading, unreadable } from "./unreadable.ts";

/** Opens a file for reading; it closes with the scope. */
export const openH5: (path: string) => Effect.Effect<Stored, InputError, Scope.Scope> = Effect
  .fnUntraced(function* (path: string) {
    yield* tryReading(path, () => checkSignature(path));
    const file = yield* Effect.acquireRelease(
      tryReading(path, async () => {
        const { File } = await (library ??= loadLibrary());
        return new File(resolve(path), "r");
      }),
      (file) => Effect.sync(() => file.close()),
    );
    return view(path, file);
  });

let library: ReturnType<typeof loadLibrary> | undefined;

/**
 * Loads the library, without the environment: it would read all of that, and needs none of it. It keeps
 * the `console.error` that it finds, to say there what it also throws where a file is damaged.
 */
async function loadLibrary() {
  const { env } = process, { error } = console;
  process.env = {};
  console.error = (...said) => {
    if (!String(said[0]).startsWith("Aborted(")) error(...said);
  };
  try {
    const h5 = await import("h5wasm/node");
    // Without this, a chunk that cannot be decoded reads as garbage.
    (await h5.ready).activate_throwing_error_handler();
    return h5;
  } finally {
    process.env = env;
    console.error = error;
  }
}

const SIGNATURE = "\x89HDF\r\n\x1a\n";

/** Throws unless the file begins as HDF5 files do: at byte 0, or at 512, 1,024, 2,048 …. */
async function checkSignature(path: string): Promise<void> {
  const file = await open(path);
  try {
    const stat = await file.stat();
    if (stat.isDirectory()) throw unreadable(path, "it is a folder, not an HDF5 file");
    const bytes = new Uint8Array(8);
    for (let at = 0; at + 8 <= stat.size; at = at === 0 ? 512 : at * 2) {
      await file.read(bytes, 0, 8, at);
      if (String.fromCharCode(...bytes) === SIGNATURE) return;
    }
    throw unreadable(path, stat.size === 0 ? "it is empty" : "it is not an HDF5 file");
  } finally {
    await file.close();
  }
}

function view(path: string, file: File): Stored {
  /** The entity at a path; asks only within groups, since HDF5 throws where an array has no parts. */
  function find(at: string): Dataset | Group | undefined {
    if (at === "") return file;
    const parent = at.lastIndexOf("/");
    if (parent > 0 && !isGroup(find(at.slice(0, parent)))) return undefined;
    const found = file.get(at);
    return isGroup(found) || isArray(found) ? found : undefined;
  }
  return {
    path,
    kind(at) {
      const found = find(at);
      return found === undefined ? "nothing" : isGroup(found) ? "group" : "array";
    },
    names(at) {
      const found = find(at);
      return isGroup(found) ? found.keys() : [];
    },
    attribute: (at, name) => find(at)?.attrs[name]?.value ?? undefined,
    array(at) {
      const found = find(at);
      if (!isArray(found)) throw unreadable(path, `there is no array "${at}" in it`);
      return arrayOf(path, at, found);
    },
  };
}

type Found = Entity | null | undefined;
const isGroup = (found: Found): found is Group => !!found && "keys" in found;
const isArray = (found: Found): found is Dataset => !!found && "slice" in found;

/** Filters that the library undoes: gzip, shuffle, fletcher32. */
const FILTERS = [1, 2, 3];
/** Classes of HDF5 types by number. */
const INTEGER = 0, FLOAT = 1, STRING = 3, ENUM = 8;

function arrayOf(path: string, at: string, dataset: Dataset): StoredArray {
  const { type, size, shape, chunks, enum_type } = dataset.metadata;
  checkPacking(path, at, dataset);
  if (chunks && chunks.reduce((sum, length) => sum * length, size) > MOST_CHUNK_BYTES) {
    throw unreadable(
      path,
      `"${at}" is one piece of ${
        chunks.join(" × ")
      } values; write the file again in smaller chunks`,
    );
  }
  const numeric = type === INTEGER || type === ENUM || (type === FLOAT && size >= 4);
  const rest = (shape ?? []).slice(1).map((): [] => []);
  function slice(from: number, to: number, wanted: "numbers" | "strings"): unknown {
    if (shape === null || !(wanted === "strings" ? type === STRING : numeric)) {
      throw unreadable(path, `"${at}" holds ${describe(type, size)}, not plain ${wanted}`);
    }
    if (to <= from) return wanted === "strings" ? [] : new Float64Array(0);
    try {
      return dataset.slice([[from, to], ...rest]);
    } catch (cause) {
      throw unreadable(path, `"${at}": ${reasonOf(cause)}`);
    }
  }
  return {
    shape: shape ?? [],
    holds: type === STRING ? "strings" : numeric && shape !== null ? "numbers" : "others",
    ...(enum_type && { names: namesOf(enum_type.members) }),
    rounds: type === INTEGER && size === 8,
    // What they throw is a rejection.
    // deno-lint-ignore require-await
    async numbers(from, to) {
      const read = slice(from, to, "numbers");
      return read instanceof BigInt64Array || read instanceof BigUint64Array
        ? doubles(read)
        : read as Numbers;
    },
    // deno-lint-ignore require-await
    async strings(from, to) {
      return slice(from, to, "strings") as string[];
    },
  };
}

/** What the numbers of an enumeration stand for; h5py and anndata write booleans as one. */
function namesOf(members: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  const names = Object.entries(members);
  const isBoolean = names.length === 2 && members.FALSE === 0 && members.TRUE === 1;
  return isBoolean ? BOOLEANS : new Map(names.map(([name, value]) => [value, name]));
}

/** Throws where an array is compressed in a way that the library does not know. */
function checkPacking(path: string, at: string, { filters }: Dataset): void {
  const strange = filters.find(({ id }) => !FILTERS.includes(id));
  if (!strange) return;
  const name = strange.name || `filter ${strange.id}`;
  throw unreadable(
    path,
    `"${at}" is compressed with ${name}, which is not supported; write the file again with gzip, for example adata.write_h5ad(path, compression="gzip")`,
  );
}

function describe(type: number, size: number): string {
  if (type === FLOAT) return `${8 * size}-bit floats`;
  if (type === STRING) return "strings";
  if (type === INTEGER || type === ENUM) return "whole numbers";
  return type === 6 ? "records (the layout of anndata before 0.7)" : "values of another type";
}
