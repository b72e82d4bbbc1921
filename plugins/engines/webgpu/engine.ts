/**
 * The eager engine on a WebGPU device.
 *
 * @module
 */

import { RunError } from "../../../core/errors.ts";
import type { Compiled, Engine } from "../../../core/model/program.ts";
import { eagerEngine } from "../../../streams/engine/eager.ts";
import { registerBackend } from "./backend.ts";
import type { Device } from "./device.ts";

/** An engine that has `device` to itself, and gives it up when it is closed. */
export async function engineOn(device: Device): Promise<Engine> {
  const backend = await registerBackend(device);
  const engine = eagerEngine({
    name: `webgpu (fp32, ${device.name})`,
    backend: backend.name,
    precision: "fp32",
    device: device.name,
    threads: 1,
  });
  let end: Promise<void> | undefined;
  async function close(): Promise<void> {
    await engine.close();
    backend.close();
    device.gpu.destroy();
  }
  return {
    ...engine,
    async compile(program, layout): Promise<Compiled> {
      const compiled = await engine.compile(program, layout);
      return {
        close: () => compiled.close(),
        async run(...given) {
          try {
            return await compiled.run(...given);
          } catch (error) {
            // A kernel that fails on a lost device knows only of its own buffer.
            const fault = end ? undefined : await device.fault();
            const message = `Cannot run program "${program.name}": ${fault}`;
            throw fault ? new RunError({ message }) : error;
          }
        },
      };
    },
    close: () => end ??= close(),
  };
}
