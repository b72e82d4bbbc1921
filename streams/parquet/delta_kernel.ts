/**
 * DELTA_BINARY_PACKED at speed, for integers of 32 bits: the same as `deltaNumbers`.
 *
 * @module
 */

import { readDeltaHead } from "./delta.ts";
import { type DeltaLoop, deltaModule, DONE, SPILL } from "./delta_loop.ts";
import { fillTables, FOUND, TABLES_END } from "./delta_lanes.ts";
import { type Finder, findIn, type Findings } from "./findings.ts";
import type { Leaf } from "./leaf.ts";
import type { Numbers } from "./plain.ts";

/** Pages that need more memory than this are left alone: what was once taken is never given back. */
const MOST = 2 ** 26;
/** Blocks are of 128 or 256 differences; of larger ones sizes could overflow. */
const LARGEST_BLOCK = 2 ** 16;

type Loops = Readonly<Record<string, DeltaLoop>>;

interface Kernel {
  readonly loops: Loops;
  readonly finder: Finder;
  readonly memory: WebAssembly.Memory;
}

let kernel: Kernel | undefined | "none";

/**
 * Fills `out` with the integers of a page, and adds to the findings what is found in them; false where
 * that is left to `deltaNumbers`.
 */
export function decodeDeltaQuickly(
  out: Numbers,
  body: Uint8Array,
  { leaf, findings }: { readonly leaf: Leaf; readonly findings?: Findings | undefined },
): boolean {
  const name = leaf.type === "INT32" ? loopFor(out, leaf) : undefined, count = out.length;
  const size = out.BYTES_PER_ELEMENT, output = (TABLES_END + body.length + SPILL + 15) & ~15;
  const end = output + count * size + SPILL;
  if (!name || count === 0 || body.length > MOST || end > MOST) return false;
  kernel ??= open();
  if (kernel === "none") return false;
  const cursor = { bytes: body, at: 0 }, { block, miniblock, first } = readDeltaHead(cursor, count);
  const value = leaf.unsigned ? first >>> 0 : first | 0;
  if (block > LARGEST_BLOCK || ((leaf.short || size === 2) && (value & 0xFFFF) !== value)) {
    return false;
  }
  const { memory, loops, finder } = kernel, missing = end - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / 2 ** 16));
  new Uint8Array(memory.buffer, TABLES_END, body.length).set(body);
  const outcome = loops[name](
    TABLES_END + cursor.at,
    TABLES_END + body.length,
    output + size,
    count - 1,
    miniblock,
    block / miniblock,
    first,
  );
  if (outcome !== DONE) return false;
  const kind = out.constructor as new (memory: ArrayBufferLike, at: number, n: number) => Numbers;
  const numbers = new kind(memory.buffer, output, count);
  numbers[0] = value;
  if (findings) findings.count += findIn(numbers, findings.of, finder);
  out.set(numbers);
  return true;
}

function loopFor(out: Numbers, { short, unsigned }: Leaf): string | undefined {
  if (out instanceof Uint16Array) return short ? "halvesToHalves" : "wordsToHalves";
  // A negative number has no place in an array of unsigned ones.
  if (out instanceof Uint32Array) {
    return short ? "halvesToWords" : unsigned ? "wordsToWords" : undefined;
  }
  if (out instanceof Float64Array) return undefined;
  return short ? "halvesToFloats" : unsigned ? "unsignedToFloats" : "signedToFloats";
}

/** The loops, or nothing where vectors of WebAssembly are unknown. */
function open(): Kernel | "none" {
  const module = deltaModule();
  if (!globalThis.WebAssembly?.validate(module)) return "none";
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module));
  const { memory, falls, faults, ...loops } = exports as unknown as
    & Loops
    & Omit<Finder, "result">
    & { memory: WebAssembly.Memory };
  fillTables(new Uint8Array(memory.buffer));
  return { loops, finder: { falls, faults, result: FOUND }, memory };
}
