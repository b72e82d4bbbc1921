/**
 * An upper limit for the memory of a WebAssembly module that names none.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { unsigned } from "../../wasm/leb128.ts";
import { readUnsigned } from "../thrift.ts";

const PAGE = 65_536, MEMORY = 5, HEAD = 8;

/**
 * The module with a memory of at most so many bytes: growing it further fails within.
 *
 * @throws RangeError where the module does not define its memory itself.
 */
export function limitMemory(module: Uint8Array, bytes: number): Uint8Array<ArrayBuffer> {
  // Thrift and WebAssembly write their numbers alike.
  const cursor = { bytes: module, at: HEAD };
  while (cursor.at < module.length) {
    const start = cursor.at++, size = readUnsigned(cursor), end = cursor.at + size;
    if (module[start] === MEMORY) {
      // One memory; its flag says whether a limit follows the size that it begins with.
      cursor.at += 2;
      const least = readUnsigned(cursor);
      const limited = [1, 1, ...unsigned(least), ...unsigned(Math.floor(bytes / PAGE))];
      const section = Uint8Array.of(MEMORY, ...unsigned(limited.length), ...limited);
      return Buffer.concat([module.subarray(0, start), section, module.subarray(end)]);
    }
    cursor.at = end;
  }
  throw new RangeError("the module defines no memory");
}
