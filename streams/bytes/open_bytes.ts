/**
 * Opens bytes wherever they lie.
 *
 * @module
 */

import type { AddressOptions } from "./address.ts";
import type { ByteSource } from "./byte_source.ts";
import { openFile } from "./file.ts";
import { isAddress, pathOf } from "./place.ts";

/**
 * Opens an address that begins with `http://` or `https://`, or a file by its path or `file:` address;
 * the options are for addresses.
 *
 * @throws InputError where it cannot be opened.
 */
export async function openBytes(place: string, options: AddressOptions = {}): Promise<ByteSource> {
  if (!isAddress(place)) return await openFile(pathOf(place));
  // Decode workers start sooner without what only addresses need.
  const { openAddress } = await import("./address.ts");
  return await openAddress(place, options);
}
