/**
 * The backend of @tensorflow/tfjs-backend-webgpu on a device of our own.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import type { Device } from "./device.ts";
import { PACKAGE } from "./kernels/invoke.ts";
import { registerKernels, unregisterKernels } from "./kernels/mended.ts";

/** A backend that tfjs knows by its name. */
export interface RegisteredBackend {
  readonly name: string;
  /** Frees its buffers; its tensors are of no use after that. */
  close(): void;
}

let opened = 0;

/** Registers a backend on `device`, under a name of its own. */
export async function registerBackend(device: Device): Promise<RegisteredBackend> {
  const make = await backendClass();
  const name = `${PACKAGE} ${opened++}`;
  registerKernels(name);
  // Never chosen by itself: any other has a higher priority.
  tf.registerBackend(name, () => watched(new make(device.gpu, device.info), device), -1);
  return {
    name,
    close() {
      tf.removeBackend(name);
      unregisterKernels(name);
    },
  };
}

/** Loads the package once, a megabyte that other engines do without. */
const backendClass = (): Promise<typeof WebGPUBackend> => loading ??= load();

let loading: Promise<typeof WebGPUBackend> | undefined;

async function load(): Promise<typeof WebGPUBackend> {
  const { WebGPUBackend } = await import("@tensorflow/tfjs-backend-webgpu");
  // The package makes itself tfjs's first choice, and computes small tensors in JavaScript: slower
  // than leaving them where they are needed, and other digits than the same model on more cells.
  tf.removeBackend(PACKAGE);
  tf.env().set("WEBGPU_CPU_FORWARD", false);
  return WebGPUBackend;
}

/** The backend, which after a fault hands no numbers out, and says why. */
function watched(backend: WebGPUBackend, device: Device): WebGPUBackend {
  const { read } = backend;
  async function refuseAfterFault(): Promise<void> {
    const fault = await device.fault();
    if (fault) throw new Error(fault);
  }
  backend.read = async (id) => {
    const values = await read.call(backend, id).catch(async (error) => {
      await refuseAfterFault();
      throw error;
    });
    await refuseAfterFault();
    return values;
  };
  return backend;
}
