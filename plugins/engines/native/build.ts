/**
 * Libraries built from C sources, kept in the cache folder by what they were built from.
 *
 * A library is written under a name of its own and then renamed, so that whoever builds the same at
 * the same time does no harm; its hash lies beside it, so that one that is not whole is built again.
 *
 * @module
 */

import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../../core/errors.ts";
import { markUsed, prune } from "./cache.ts";
import { compile, type Compiler } from "./compiler.ts";

/** What a library is built from. */
export interface Recipe {
  /** Begins the name of the file. */
  readonly name: string;
  /** Texts by the names of their files; those that end in .c are compiled. */
  readonly sources: Readonly<Record<string, string>>;
  readonly flags: readonly string[];
  /** What the linker is told besides. */
  readonly links: readonly string[];
}

const hashOf = (content: string | Uint8Array): string =>
  createHash("sha256").update(content).digest("hex");

/**
 * The path of the library, which is built unless the folder has it. Whoever builds also removes what
 * nobody has used for long.
 *
 * @throws InputError when the compiler fails or the folder cannot be written.
 */
export async function built(recipe: Recipe, compiler: Compiler, folder: string): Promise<string> {
  const { name, sources, flags, links } = recipe, { command, version } = compiler;
  const key = hashOf(JSON.stringify([sources, flags, links, command, version])).slice(0, 16);
  const path = join(folder, `${name}-${key}.so`);
  if (!await isWhole(path)) {
    try {
      await make(recipe, compiler, path);
      await prune(folder, (await stat(path)).mtimeMs);
    } catch (error) {
      throw error instanceof InputError ? error : unkept(folder, error as Error);
    }
  }
  await markUsed(path);
  return path;
}

/** Whether the library is there and is what was built. */
async function isWhole(path: string): Promise<boolean> {
  try {
    const [content, hash] = await Promise.all([readFile(path), readFile(`${path}.sha256`, "utf8")]);
    return hashOf(content) === hash;
  } catch {
    return false;
  }
}

async function make({ sources, flags, links }: Recipe, compiler: Compiler, path: string) {
  // A folder of its own, beside what will be made.
  const place = `${path.replace(/\.so$/, "")}.${randomUUID()}`;
  await mkdir(place, { recursive: true });
  try {
    await Promise.all(
      Object.entries(sources).map(([file, text]) => writeFile(join(place, file), text)),
    );
    const files = Object.keys(sources).filter((file) => file.endsWith(".c"));
    // All are waited for: they write to a folder that is removed.
    const outcomes = await Promise.allSettled(
      files.map((file) =>
        compile(compiler, [...flags, "-c", "-o", join(place, `${file}.o`), join(place, file)])
      ),
    );
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    const objects = files.map((file) => join(place, `${file}.o`)), library = join(place, "made.so");
    await compile(compiler, [...flags, "-shared", "-o", library, ...objects, ...links]);
    const made = await readFile(library).catch(() => {
      throw new InputError({
        message: `Cannot compile the kernels with "${compiler.command}": it made no library`,
      });
    });
    await writeFile(join(place, "made.hash"), hashOf(made));
    // The hash first: a library without its own is built again, never loaded.
    await rename(join(place, "made.hash"), `${path}.sha256`);
    await rename(library, path);
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** What keeps a folder from being written, without the names of files that are gone already. */
const unkept = (folder: string, { message }: Error): InputError =>
  new InputError({
    message:
      `Cannot keep compiled kernels in "${folder}": ${message.replace(/, \w+( '.*)?$/, "")}; ` +
      "name another folder in XDG_CACHE_HOME",
  });
