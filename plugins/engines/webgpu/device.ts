/**
 * A WebGPU device, and what went wrong on it.
 *
 * @module
 */

import { InputError } from "../../../core/errors.ts";

/** Which adapter is asked for: the machine's best, or its software one. */
export type Choice = "auto" | "fallback";

/** An open device. */
export interface Device {
  readonly gpu: GPUDevice;
  readonly info: GPUAdapterInfo;
  /** The device's name, for a reader. */
  readonly name: string;
  /**
   * The first thing that went wrong, with what would work; nothing computed after it can be
   * trusted. Undefined if nothing did.
   */
  fault(): Promise<string | undefined>;
}

/** Limits that are asked for as high as the adapter has them. */
const LIMITS = [
  "maxBufferSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBufferBindingSize",
] as const;

/**
 * Opens a device.
 *
 * @throws InputError when the machine has none.
 */
export async function openDevice(choice: Choice): Promise<Device> {
  const adapter = await adapterOf(choice);
  const gpu = await adapter.requestDevice({
    requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]])),
  });
  let fault: string | undefined;
  gpu.addEventListener("uncapturederror", (event) => {
    event.preventDefault();
    fault ??= refusal((event as GPUUncapturedErrorEvent).error);
  });
  // Never settles for as long as the device is there.
  void gpu.lost.then(() => {
    fault ??= "the device was lost; open the engine again";
  });
  const { info } = adapter;
  return {
    gpu,
    info,
    name: info.description || info.device || info.vendor,
    async fault() {
      // Operations on a lost device fail before its loss is told.
      await new Promise((resolve) => setTimeout(resolve));
      return fault;
    },
  };
}

async function adapterOf(choice: Choice): Promise<GPUAdapter> {
  const found = await navigator.gpu?.requestAdapter(
    choice === "fallback"
      ? { forceFallbackAdapter: true }
      : { powerPreference: "high-performance" },
  );
  if (found) return found;
  throw new InputError({
    message: `Cannot open the engine "webgpu": ` +
      (choice === "auto"
        ? `no graphics device was found; install its Vulkan driver, or Debian's package ` +
          `mesa-vulkan-drivers, which computes in software`
        : `no software device was found; install Debian's package mesa-vulkan-drivers`),
  });
}

const refusal = (error: GPUError): string =>
  error instanceof GPUOutOfMemoryError
    ? `the device has no memory left (${shorten(error.message)}); open the engine again and give ` +
      `it fewer cells at a time`
    : `the device refused an operation (${shorten(error.message)}); open the engine again, with ` +
      `fewer cells at a time if it was too large`;

/** The first line of what a driver says. */
const shorten = (message: string): string => message.trim().split("\n")[0].slice(0, 200);
