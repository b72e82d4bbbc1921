/**
 * Where operations are run: TensorFlow's eager context and the device in it.
 *
 * @module
 */

import { RunError } from "../../../core/errors.ts";
import { type Pointer, textAt } from "../../../streams/platform.ts";
import type { Api } from "./api.ts";
import { type ContextConfig, encodeConfig } from "./config.ts";
import { check, newStatus, type Status } from "./status.ts";
import { named } from "./text.ts";

/** A context, which lives as long as the process: its threads and the GPU's memory are its own. */
export interface Context {
  readonly api: Api;
  readonly status: Status;
  readonly pointer: Pointer;
  readonly device: Device;
}

/** A device as TensorFlow lists it. */
export interface Device {
  readonly kind: "CPU" | "GPU";
  /** TensorFlow's name of it, as native code reads it. */
  readonly name: Uint8Array<ArrayBuffer>;
}

/**
 * Makes a context on the first GPU that TensorFlow sees, or else on the processor.
 *
 * @throws RunError when TensorFlow cannot make one.
 */
export function openContext(api: Api, config: ContextConfig): Context {
  const status = newStatus(api), encoded = encodeConfig(config);
  const options = api.TFE_NewContextOptions();
  try {
    api.TFE_ContextOptionsSetConfig(options, encoded, BigInt(encoded.length), status.pointer);
    check(status, "configure a context", undefined);
    const context = api.TFE_NewContext(options, status.pointer);
    const pointer = check(status, "open a context", context);
    return { api, status, pointer, device: firstDevice(status, pointer) };
  } finally {
    api.TFE_DeleteContextOptions(options);
  }
}

function firstDevice(status: Status, context: Pointer): Device {
  const { api, pointer } = status, action = "list devices";
  const list = check(status, action, api.TFE_ContextListDevices(context, pointer));
  try {
    const text = (found: Pointer) => textAt(check(status, action, found));
    const devices = Array.from({ length: api.TF_DeviceListCount(list) }, (_, i) => ({
      kind: text(api.TF_DeviceListType(list, i, pointer)),
      name: text(api.TF_DeviceListName(list, i, pointer)),
    }));
    for (const kind of ["GPU", "CPU"] as const) {
      const found = devices.find((device) => device.kind === kind);
      if (found) return { kind, name: named(found.name) };
    }
    throw new RunError({ message: "Cannot run operations with TensorFlow: it lists no device" });
  } finally {
    api.TF_DeleteDeviceList(list);
  }
}
