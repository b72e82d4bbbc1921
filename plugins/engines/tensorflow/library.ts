/**
 * Finds TensorFlow's library in what pip installed. Python itself is not run.
 *
 * @module
 */

import { existsSync, readdirSync, statSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import process from "node:process";
import { InputError } from "../../../core/errors.ts";

/** Name of the variable that says where the library is. */
const VARIABLE = "GIL_TENSORFLOW";

/** How to get the library. */
export const INSTALL = "run pip install --target <folder> tensorflow " +
  "(on NVIDIA GPUs 'tensorflow[and-cuda]') " +
  `and let the setting "library" or ${VARIABLE} name that folder`;

const FILE = process.platform === "darwin" ? "libtensorflow_cc.2.dylib" : "libtensorflow_cc.so.2";

/**
 * Path of the library that `named` leads to: the library itself, a folder that pip installed into,
 * a virtual environment or its site-packages. Without `named` the variable GIL_TENSORFLOW is
 * followed, and without that the packages of the virtual environment and of each python3 on the path
 * are looked through.
 *
 * @throws InputError when there is none.
 */
export function findLibrary(named?: string, variables: Variables = process.env): string {
  const given = named ?? variables[VARIABLE];
  if (!given) return searchPythons(variables);
  const place = resolve(given); // a bare name would be looked for in the system's folders
  const [found] = isFile(place) ? [place] : [place, ...packagesUnder(place)].flatMap(libraryIn);
  if (found) return found;
  throw new InputError({
    message: `Cannot find TensorFlow in "${place}": ${
      existsSync(place) ? `no ${FILE} lies in it` : "it does not exist"
    }; ${INSTALL}`,
  });
}

/** Variables of the environment, by name. */
type Variables = Readonly<Record<string, string | undefined>>;

function searchPythons({ PATH, VIRTUAL_ENV, CONDA_PREFIX, HOME }: Variables): string {
  const folders = PATH?.split(delimiter) ?? [];
  const roots = new Set([
    VIRTUAL_ENV,
    CONDA_PREFIX,
    HOME && join(HOME, ".local"),
    ...folders.filter((folder) => existsSync(join(folder, "python3"))).map(dirname),
  ]);
  const [found] = [...roots].flatMap((root) => root ? packagesUnder(root) : []).flatMap(libraryIn);
  if (found) return found;
  throw new InputError({
    message: `Cannot find TensorFlow: no python3 on the path has it, and ${VARIABLE} is not set; ` +
      INSTALL,
  });
}

/** Folders of packages below the root of a Python. */
const packagesUnder = (root: string): string[] =>
  namesIn(join(root, "lib")).filter((name) => /^python3/.test(name)).flatMap((python) =>
    ["site-packages", "dist-packages"].map((packages) => join(root, "lib", python, packages))
  );

/** The library in a folder of packages, or in the package itself. */
const libraryIn = (folder: string): string[] =>
  [join(folder, "tensorflow", FILE), join(folder, FILE)].filter(isFile).slice(0, 1);

const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile();

/** What a folder holds; a folder that cannot be read holds nothing that could be loaded. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
