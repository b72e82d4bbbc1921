/**
 * The published kernels of TensorFlow.js for Node, as a tfjs backend.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import util from "node:util";
import type { Binding } from "./binding.ts";

/** Name of the backend, which is also the one that the kernels are registered for. */
export const BACKEND = "tensorflow";

const PACKAGE = "@tensorflow/tfjs-node-gpu";

/** Registers the backend on `binding`, once a process. It is never chosen unasked. */
export async function registerKernels(binding: Binding): Promise<void> {
  restoreUtil();
  // The package's own entry looks for its addon, and fails without.
  await import("@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js");
  const { NodeJSKernelBackend } = await import(
    "@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js"
  );
  const addon = binding as ConstructorParameters<typeof NodeJSKernelBackend>[0];
  tf.registerBackend(BACKEND, () => new NodeJSKernelBackend(addon, PACKAGE), 0);
  tf.findBackend(BACKEND); // makes it
}

/** The kernels of 4.22 use what `node:util` no longer has. */
function restoreUtil(): void {
  const old: Record<string, unknown> = util as object as Record<string, unknown>;
  old.isArray ??= Array.isArray;
  old.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
}
