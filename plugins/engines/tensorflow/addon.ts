/**
 * The addon that the install script of @tensorflow/tfjs-node-gpu downloads: TensorFlow 2.9, behind
 * the interface that the kernels were written for.
 *
 * @module
 */

import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { InputError } from "../../../core/errors.ts";
import type { Binding } from "./binding.ts";
import type { ContextConfig } from "./config.ts";

const require = createRequire(import.meta.url);

/**
 * Path of the addon, below the folder that the install script makes.
 *
 * @throws InputError when the install script has not run.
 */
export function findAddon(folder = ownFolder()): string {
  const [found] = (existsSync(folder) ? readdirSync(folder) : [])
    .map((version) => join(folder, version, "tfjs_binding.node"))
    .filter((path) => existsSync(path));
  if (found) return found;
  throw new InputError({
    message: `Cannot find the addon of @tensorflow/tfjs-node-gpu in "${folder}": its install ` +
      `script has not run; run deno install --allow-scripts=npm:@tensorflow/tfjs-node-gpu, or ` +
      `let "library" name a folder that pip installed tensorflow into`,
  });
}

const ownFolder = () =>
  join(dirname(require.resolve("@tensorflow/tfjs-node-gpu/package.json")), "lib");

/** Loads the addon, which asks the environment for what a context is asked for otherwise. */
export function loadAddon(path: string, { gpu, threads }: ContextConfig): Binding {
  process.env.TF_NUM_INTRAOP_THREADS = String(threads);
  process.env.TF_NUM_INTEROP_THREADS = "1";
  process.env.TF_FORCE_GPU_ALLOW_GROWTH = "true";
  if (!gpu) process.env.CUDA_VISIBLE_DEVICES = "-1";
  return require(path);
}
