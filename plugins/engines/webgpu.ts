/**
 * Graphics devices through the runtime's WebGPU, operation by operation.
 *
 * Deno has WebGPU without a flag and asks no permission for it: Vulkan on Linux, Metal on macOS,
 * Direct3D 12 on Windows. Without a graphics device, Debian's package mesa-vulkan-drivers computes
 * in software, which is slow and good for checking:
 *
 * ```sh
 * apt-get install mesa-vulkan-drivers
 * ```
 *
 * Numbers are read asynchronously, once a run and once an optimiser step, so that no more than a
 * step is ever queued. Each read takes Deno 10 ms or more, and timers wait while the device computes.
 * All that is known of it was seen on software devices; it has not been run on a graphics card.
 *
 * @module
 */

import { Schema } from "effect";
import { engine, setting } from "../../core/plugin.ts";
import { fp32, opening } from "../../streams/engine/opening.ts";
import { openDevice } from "./webgpu/device.ts";
import { engineOn } from "./webgpu/engine.ts";

/** Runs programs operation by operation on a graphics device. */
export const webgpu = engine({
  id: "webgpu",
  purpose: "runs every operation on a graphics device through WebGPU",
  config: {
    precision: fp32,
    adapter: setting(
      Schema.Literals(["auto", "fallback"]),
      "auto",
      "which device: the fastest that there is, or the one that computes in software",
    ),
  },
  make: ({ adapter }) => opening("webgpu", async () => engineOn(await openDevice(adapter))),
});
