/**
 * TensorFlow as a tfjs backend, opened once a process and never closed.
 *
 * @module
 */

import { InputError } from "../../../core/errors.ts";
import { threadsOf } from "../../../streams/engine/opening.ts";
import { findAddon, loadAddon } from "./addon.ts";
import { openApi } from "./api.ts";
import { type Binding, bindingOf } from "./binding.ts";
import type { ContextConfig } from "./config.ts";
import { openContext } from "./context.ts";
import { prepareEnvironment } from "./environment.ts";
import { gpuName } from "./gpu_name.ts";
import { registerKernels } from "./kernels.ts";
import { findLibrary, INSTALL } from "./library.ts";
import { comesTooLate } from "./software_driver.ts";
import { refuseUnfulfilled, type Settled, type Wishes } from "./wishes.ts";

let opening: Promise<Settled> | undefined;

/**
 * Opens what is wished for, or finds that it is open.
 *
 * @throws InputError when there is no library, it cannot be loaded or has not the device, or when
 * the process has settled on something else.
 */
export async function openTensorflow(wishes: Wishes): Promise<Settled> {
  const library = wishes.library === "auto" ? undefined : locate(wishes.library);
  opening ??= open(library, wishes);
  const settled = await opening.catch((error) => {
    opening = undefined; // so that another library may be tried
    throw error;
  });
  refuseUnfulfilled(wishes, settled, library);
  return settled;
}

/** The word that stands for the package's own addon where a library may be named. */
const ADDON = "addon";

const locate = (library: string): string => library === ADDON ? findAddon() : findLibrary(library);

async function open(named: string | undefined, wishes: Wishes): Promise<Settled> {
  const path = named ?? findLibrary();
  const threads = threadsOf(wishes.threads);
  const sought = wishes.device !== "cpu";
  if (comesTooLate()) {
    throw new InputError({
      message: `Cannot load TensorFlow "${path}": Mesa's graphics driver in software was loaded ` +
        `before it, and both in this order end the process; open the engine "tensorflow" first`,
    });
  }
  prepareEnvironment();
  const by = wishes.library === ADDON ? loadAddon : loadLibrary;
  const binding = load(path, { gpu: sought, threads }, by);
  await registerKernels(binding);
  const device = binding.isUsingGpuDevice() ? gpuName() : "processor";
  return { library: path, device, sought, threads };
}

const loadLibrary = (path: string, config: ContextConfig): Binding =>
  bindingOf(openContext(openApi(path), config));

function load(path: string, config: ContextConfig, by: typeof loadLibrary): Binding {
  try {
    return by(path, config);
  } catch (error) {
    const reason = (error as Error).message.replace(/^(Could not open library: )+/, "");
    throw new InputError({ message: `Cannot load TensorFlow "${path}": ${reason}; ${INSTALL}` });
  }
}
