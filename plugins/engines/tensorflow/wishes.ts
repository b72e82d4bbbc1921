/**
 * What an engine is asked for, and what a process has settled on: TensorFlow's threads and devices
 * are the process's own, so that whoever comes first decides.
 *
 * @module
 */

import { InputError } from "../../../core/errors.ts";

/** What an experiment asks for. */
export interface Wishes {
  /** Path of the library or a folder with it, or "addon"; "auto" takes what is found. */
  readonly library: string;
  readonly device: "auto" | "cpu" | "gpu";
  /** Threads of the processor that an operation may use. */
  readonly threads: number | "all";
}

/** What a process has. */
export interface Settled {
  /** Path of the library or of the addon. */
  readonly library: string;
  /** "processor", or the name of the GPU. */
  readonly device: string;
  /** Whether a GPU would have been taken. */
  readonly sought: boolean;
  readonly threads: number;
}

/**
 * Refuses wishes that what is there does not fulfil; wishes that leave it open are fulfilled.
 *
 * @param library Path at which the wished-for library lies; undefined for "auto".
 * @throws InputError
 */
export function refuseUnfulfilled(
  { device, threads }: Wishes,
  settled: Settled,
  library: string | undefined,
): void {
  const onGpu = settled.device !== "processor";
  if (library !== undefined && library !== settled.library) {
    refuse(`with "${library}"`, `this process has loaded "${settled.library}"; ${APART}`);
  }
  if (device === "gpu" && !onGpu && settled.sought) refuse(`on device "gpu"`, noGpu(settled));
  if (device === (onGpu ? "cpu" : "gpu")) {
    refuse(`on device "${device}"`, `this process computes on the ${settled.device}; ${APART}`);
  }
  if (threads !== "all" && threads !== settled.threads) {
    refuse(`with ${threads} threads`, `this process has started ${settled.threads}; ${APART}`);
  }
}

const APART = "ask for the same, or start another process";

const noGpu = ({ library }: Settled): string =>
  `TensorFlow in "${library}" sees none; install 'tensorflow[and-cuda]' and NVIDIA's driver, or ` +
  `use device "cpu" (with TF_CPP_MIN_LOG_LEVEL=0 TensorFlow says what it misses)`;

function refuse(wish: string, reason: string): never {
  throw new InputError({ message: `Cannot open the engine "tensorflow" ${wish}: ${reason}` });
}
