/**
 * What inputs are called: the names that their cells get in the column `dataset`.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { InputError } from "../../core/errors.ts";

/** An input and what it is called. */
export interface NamedInput {
  readonly name: string;
  readonly path: string;
}

/** The inputs by name, each given as a path or as `name=path`; throws where two have one name. */
export function nameInputs(given: readonly string[]): NamedInput[] {
  if (given.length === 0) {
    throw new InputError({ message: "Cannot import nothing: name a file or a folder" });
  }
  const inputs = given.map(inputOf), names = new Set<string>();
  for (const { name, path } of inputs) {
    if (names.has(name)) {
      throw new InputError({
        message:
          `Cannot import "${path}": another input is called "${name}" too; call it <name>=${path}`,
      });
    }
    names.add(name);
  }
  return inputs;
}

/** Splits `name=path`; a file of that very name is a path, and a matrix.mtx stands for its folder. */
function inputOf(given: string): NamedInput {
  const named = existsSync(given) ? null : /^([^=/\\]+)=(.+)$/.exec(given);
  const at = named?.[2] ?? given;
  const path = /\.mtx(\.gz)?$/.test(at) ? dirname(at) : at;
  return { name: named?.[1] ?? basename(resolve(path)).replace(/\.(h5ad|h5|zarr)$/, ""), path };
}
