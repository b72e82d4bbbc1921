/**
 * Bit unpacking, 32 integers at a time, by straight-line code that is generated once for each width:
 * three times as fast as a loop that collects bits.
 *
 * @module
 */

/** Integers that are unpacked together. */
export const LANES = 32;

type Unpack = (view: DataView, at: number, lanes: Uint32Array) => void;

const unpackers: readonly Unpack[] = Array.from({ length: 33 }, (_, width) => compile(width));
const tail = new Uint8Array(4 * LANES), tailView = new DataView(tail.buffer);

/**
 * Fills `lanes` with the 32 integers of `width` bits (0 to 32) that begin at byte `at`, lowest bits
 * first; whatever lies behind the end of the bytes reads as zero.
 */
export function fillLanes(lanes: Uint32Array, view: DataView, at: number, width: number): void {
  if (at + 4 * width <= view.byteLength) return unpackers[width](view, at, lanes);
  tail.fill(0);
  if (at < view.byteLength) {
    tail.set(new Uint8Array(view.buffer, view.byteOffset + at, view.byteLength - at));
  }
  unpackers[width](tailView, 0, lanes);
}

/** Thirty-two integers of `width` bits are `width` words of 32 bits, so every shift is a constant. */
function compile(width: number): Unpack {
  if (width === 0) return (_view, _at, lanes) => lanes.fill(0);
  const lines: string[] = [];
  for (let word = 0; word < width; word++) {
    lines.push(`const w${word} = view.getUint32(at + ${4 * word}, true);`);
  }
  const mask = 2 ** width - 1;
  for (let lane = 0; lane < LANES; lane++) {
    const word = (lane * width) >> 5, shift = (lane * width) & 31;
    const low = `w${word} >>> ${shift}`;
    const bits = shift + width > 32 ? `(${low}) | (w${word + 1} << ${32 - shift})` : low;
    lines.push(`lanes[${lane}] = (${bits}) & ${mask};`);
  }
  return new Function("view", "at", "lanes", lines.join("\n")) as Unpack;
}
