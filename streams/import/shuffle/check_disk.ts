/**
 * Whether there is room on the disk for an import.
 *
 * @module
 */

import { dirname, resolve } from "node:path";
import { InputError } from "../../../core/errors.ts";
import { bytesInWords } from "../../../core/report/amount_of_memory.ts";
import { freeBytes } from "../../platform.ts";
import type { Progress } from "./progress.ts";

/** Bytes of an atlas for each byte of collected cells, with some to spare. */
const WRITTEN = 0.4;

/**
 * Throws an `InputError` where the disk of `output` has less than what is missing: the collected cells
 * and the atlas. Nothing is said where the system does not tell, or nobody knows how much it will be.
 */
export function checkDisk(output: string, { room, bytes, shards, complete }: Progress): void {
  if (room.records === 0 || complete) return;
  const written = shards.reduce((sum, { bytes }) => sum + bytes, 0);
  const missing = 4 * room.records * (1 + WRITTEN) - bytes - written;
  const free = freeBytes(dirname(resolve(output)));
  if (free === undefined || missing <= free) return;
  throw new InputError({
    message: `Cannot write atlas "${output}": it takes about ${
      bytesInWords(missing)
    } until it is done and its disk has ${
      bytesInWords(free)
    } left; remove something or name an output on another disk`,
  });
}
