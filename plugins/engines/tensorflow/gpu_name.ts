/**
 * What a GPU is called. TensorFlow's C interface does not tell; NVIDIA's driver does.
 *
 * @module
 */

import process from "node:process";
import { openLibrary } from "../../../streams/platform.ts";

const DRIVER = process.platform === "win32" ? "nvcuda.dll" : "libcuda.so.1";

/** Bytes of a name, its end included; more than any has. */
const ROOM = 256;

/** Name of the first GPU that this process may see, or "GPU" where the driver does not tell. */
export function gpuName(): string {
  try {
    const driver = openLibrary(DRIVER, {
      cuInit: { parameters: ["u32"], result: "i32" },
      cuDeviceGet: { parameters: ["buffer", "i32"], result: "i32" },
      cuDeviceGetName: { parameters: ["buffer", "i32", "i32"], result: "i32" },
    });
    const device = new Int32Array(1), name = new Uint8Array(ROOM);
    const failed = driver.cuInit(0) || driver.cuDeviceGet(device, 0) ||
      driver.cuDeviceGetName(name, ROOM, device[0]);
    return failed ? "GPU" : new TextDecoder().decode(name.subarray(0, name.indexOf(0)));
  } catch {
    return "GPU";
  }
}
