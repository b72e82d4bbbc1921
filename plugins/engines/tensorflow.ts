/**
 * TensorFlow's own library, run operation by operation; on an NVIDIA GPU where there is one.
 *
 * The library comes with TensorFlow's Python package, of which nothing else is used:
 *
 * ```sh
 * pip install --target ~/tensorflow tensorflow               # for the processor
 * pip install --target ~/tensorflow 'tensorflow[and-cuda]'   # for NVIDIA GPUs, with CUDA
 * export GIL_TENSORFLOW=~/tensorflow                         # or the setting "library"
 * ```
 *
 * Run so far: TensorFlow 2.21 on 64-bit Linux, on the processor. What is done for GPUs (choice of
 * the device, its name, memory that grows as it is needed, reproducible sums, products in full fp32)
 * was written from TensorFlow's sources and has not been run on one. Where oneDNN is on by default,
 * TensorFlow writes two lines about it before it can be told not to.
 *
 * The kernels are those of the npm package @tensorflow/tfjs-node-gpu. `"library": "addon"` runs them
 * on the package's own addon, TensorFlow 2.9, instead:
 *
 * ```sh
 * deno install --allow-scripts=npm:@tensorflow/tfjs-node-gpu   # downloads it
 * ```
 *
 * That path was run with an addon compiled from the package's sources, not with the download.
 *
 * @module
 */

import { Schema } from "effect";
import type { Engine } from "../../core/model/program.ts";
import { engine, setting } from "../../core/plugin.ts";
import { eagerEngine } from "../../streams/engine/eager.ts";
import { fp32, opening, Threads } from "../../streams/engine/opening.ts";
import { BACKEND } from "./tensorflow/kernels.ts";
import { openTensorflow } from "./tensorflow/open.ts";
import type { Wishes } from "./tensorflow/wishes.ts";

/** Runs programs operation by operation with TensorFlow's library. */
export const tensorflow = engine({
  id: "tensorflow",
  purpose: "runs every operation with TensorFlow's own library, on NVIDIA GPUs where there are any",
  config: {
    library: setting(
      Schema.NonEmptyString,
      "auto",
      "folder that pip installed tensorflow into, the library itself, or addon for the one of the " +
        "npm package; auto looks where GIL_TENSORFLOW says, or among the packages of python3",
    ),
    device: setting(
      Schema.Literals(["auto", "cpu", "gpu"]),
      "auto",
      "where operations run; auto takes a GPU if there is one",
    ),
    threads: setting(
      Threads,
      "all",
      "threads of the processor that an operation may use",
    ),
    precision: fp32,
  },
  make: (wishes) => opening("tensorflow", () => open(wishes)),
});

async function open(wishes: Wishes): Promise<Engine> {
  const { device, threads } = await openTensorflow(wishes);
  const place = device === "processor" ? `${threads} thread${threads === 1 ? "" : "s"}` : device;
  return eagerEngine({
    name: `tensorflow (fp32, ${place})`,
    backend: BACKEND,
    precision: "fp32",
    device,
    threads,
  });
}
