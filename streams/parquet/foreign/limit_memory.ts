/**
 * An upper limit for the memory of a WebAssembly module that names none.
 *
 * @module
 */

const PAGE = 65_536, MEMORY = 5, HEAD = 8;

/**
 * The module with a memory of at most so many bytes: growing it further fails within.
 *
 * @throws RangeError where the module does not define its memory itself.
 */
export function limitMemory(module: Uint8Array, bytes: number): Uint8Array<ArrayBuffer> {
  for (let at = HEAD; at < module.length;) {
    const [size, body] = readUnsigned(module, at + 1);
    if (module[at] !== MEMORY) {
      at = body + size;
      continue;
    }
    // One memory; its flag says whether a limit follows the size that it begins with.
    const [least] = readUnsigned(module, body + 2);
    const limited = [1, 1, ...unsigned(least), ...unsigned(Math.floor(bytes / PAGE))];
    const parts = [
      module.subarray(0, at),
      Uint8Array.of(MEMORY, ...unsigned(limited.length), ...limited),
      module.subarray(body + size),
    ];
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let end = 0;
    for (const part of parts) {
      whole.set(part, end);
      end += part.length;
    }
    return whole;
  }
  throw new RangeError("the module defines no memory");
}

/** A number in LEB128, and where it ends. */
function readUnsigned(bytes: Uint8Array, at: number): readonly [value: number, end: number] {
  let value = 0;
  for (let scale = 1;; scale *= 128) {
    const byte = bytes[at++];
    value += (byte & 127) * scale;
    if (byte < 128) return [value, at];
  }
}

function unsigned(value: number): number[] {
  return value < 128 ? [value] : [value % 128 + 128, ...unsigned(Math.floor(value / 128))];
}
