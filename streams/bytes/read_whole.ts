/**
 * Small files as a whole, wherever they lie.
 *
 * @module
 */

import { InputError } from "../../core/errors.ts";
import type { AddressOptions } from "./address.ts";
import { openBytes } from "./open_bytes.ts";
import { shownPlace } from "./place.ts";

/** What is read as a whole. */
export interface WholeOptions extends Omit<AddressOptions, "tail"> {
  /** Bytes that it may have; 64 MiB unless given. */
  readonly limit?: number;
}

/**
 * The bytes of a file, or of what lies at an address, which takes one request.
 *
 * @throws InputError where it cannot be read, or is larger than the limit.
 */
export async function readWhole(place: string, options: WholeOptions = {}): Promise<Uint8Array> {
  const { limit = 64 * 2 ** 20, ...rest } = options;
  const source = await openBytes(place, { ...rest, tail: limit });
  const doing = `Cannot read "${source.name}"`;
  try {
    if (source.size > limit) {
      const why = `it has ${source.size} bytes, which are more than the ${limit} that it may have`;
      throw new InputError({ message: `${doing}: ${why}` });
    }
    const bytes = new Uint8Array(source.size);
    await source.read(bytes, 0);
    return bytes;
  } catch (cause) {
    // It was cut or replaced between two looks.
    if (!(cause instanceof RangeError)) throw cause;
    throw new InputError({ message: `${doing}: ${cause.message}; try again` });
  } finally {
    await source.close();
  }
}

/**
 * As `readWhole`, as text.
 *
 * @throws InputError also where it is not UTF-8.
 */
export async function readText(place: string, options: WholeOptions = {}): Promise<string> {
  const bytes = await readWhole(place, options);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new InputError({
      message: `Cannot read "${shownPlace(place)}": it is not text in UTF-8`,
    });
  }
}
