/**
 * The loop that draws dropout's bytes, in WebAssembly: Threefry-2x32 with 13 rounds, as
 * core/random.ts has it, on vectors of four blocks.
 *
 * Block b of a key is the cipher of the counter (0, b); its two words, x and y, are bytes 8 b to
 * 8 b + 7. Four vectors of x and four of y are worked on side by side: each round waits for the one
 * before, and one vector's wait is another's turn.
 *
 * @module
 */

import {
  add,
  addWords,
  bytes,
  type Code,
  constant,
  everyByte,
  everyWord,
  get,
  I32,
  less,
  moveLeft,
  moveRight,
  orBits,
  repeat,
  set,
  shuffle,
  smallerBytes,
  store,
  subtractBytes,
  V128,
  xor,
  xorBits,
} from "../../wasm/code.ts";
import { encodeModule } from "../../wasm/encode_module.ts";

/** How the module is called. */
export interface KeepLoop {
  readonly memory: WebAssembly.Memory;
  /**
   * Fills the memory from its start on with a 1 where a byte of the stream is above `dropped`, else
   * 0, beginning with the first byte of `block`.
   *
   * @param end Bytes to fill, more than none; up to `STRIDE` - 1 more are written.
   */
  readonly run: (block: number, end: number, key0: number, key1: number, dropped: number) => void;
}

/** Bytes that the loop can fill at once: a page of memory, so that they stay in the cache. */
export const PIECE = 2 ** 16;
/** Bytes of one turn of the loop; divides `PIECE`. */
const STRIDE = 128;

const ROUNDS = 13, ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24], PARITY = 0x1BD11BDA;
/** Orders of bytes that put two vectors' words in turn: x₀ y₀ x₁ y₁ and x₂ y₂ x₃ y₃. */
const FIRST_WORDS = [0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23];
const LAST_WORDS = FIRST_WORDS.map((byte) => byte + 8);

// Parameters come first, then locals: an address, and vectors.
const [BLOCK, END, KEY0, KEY1, DROPPED, ADDRESS] = [0, 1, 2, 3, 4, 5];
const KEYS = [6, 7, 8];
/** What is added to y after each fourth round: a key and the number of the addition. */
const NUMBERED_KEYS = [9, 10, 11];
const [COUNTERS, THRESHOLD, ONES] = [12, 13, 14];
const VECTORS = [{ x: 15, y: 16 }, { x: 17, y: 18 }, { x: 19, y: 20 }, { x: 21, y: 22 }];

/** The module; its exports are a `KeepLoop`. */
export function keepModule(): Uint8Array<ArrayBuffer> {
  const vectors = KEYS.length + NUMBERED_KEYS.length + 3 + 2 * VECTORS.length;
  const run = {
    parameters: [I32, I32, I32, I32, I32],
    locals: [I32, ...Array<number>(vectors).fill(V128)],
    body: [
      prepare(),
      repeat([count(), rounds(), write(), advance()], less(get(ADDRESS), get(END))),
    ],
  };
  return encodeModule({ functions: { run }, pages: PIECE / 2 ** 16 });
}

function prepare(): Code {
  const key2 = xor(constant(PARITY), xor(get(KEY0), get(KEY1)));
  const lanes = bytes(0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0);
  return [
    [get(KEY0), get(KEY1), key2].map((key, i) => set(KEYS[i], everyWord(key))),
    NUMBERED_KEYS.map((local, i) =>
      set(local, addWords(get(KEYS[(i + 2) % 3]), everyWord(constant(i + 1))))
    ),
    // A block's counter is used only with the second key added to it.
    set(COUNTERS, addWords(addWords(everyWord(get(BLOCK)), lanes), get(KEYS[1]))),
    set(THRESHOLD, everyByte(get(DROPPED))),
    set(ONES, everyByte(constant(1))),
  ];
}

function count(): Code {
  return VECTORS.map(({ x, y }, i) => [
    set(x, get(KEYS[0])),
    set(y, addWords(get(COUNTERS), everyWord(constant(4 * i)))),
  ]);
}

function rounds(): Code {
  return Array.from({ length: ROUNDS }, (_, n) => [
    VECTORS.map(({ x, y }) => [
      set(x, addWords(get(x), get(y))),
      set(y, xorBits(rotate(get(y), ROTATIONS[n % 8]), get(x))),
    ]),
    n % 4 === 3 ? addKeys((n + 1) / 4) : [],
  ]);
}

const rotate = (words: Code, left: number): Code =>
  orBits(moveLeft(words, left), moveRight(words, 32 - left));

function addKeys(nth: number): Code {
  return VECTORS.map(({ x, y }) => [
    set(x, addWords(get(x), get(KEYS[nth % 3]))),
    set(y, addWords(get(y), get(NUMBERED_KEYS[nth - 1]))),
  ]);
}

function write(): Code {
  return VECTORS.map(({ x, y }, i) => [
    store(get(ADDRESS), keep(shuffle(get(x), get(y), FIRST_WORDS)), 32 * i),
    store(get(ADDRESS), keep(shuffle(get(x), get(y), LAST_WORDS)), 32 * i + 16),
  ]);
}

/** 1 where a byte is above the threshold: what the subtraction leaves, and at most 1 of it. */
const keep = (drawn: Code): Code => smallerBytes(subtractBytes(drawn, get(THRESHOLD)), get(ONES));

function advance(): Code {
  return [
    set(COUNTERS, addWords(get(COUNTERS), everyWord(constant(STRIDE / 8)))),
    set(ADDRESS, add(get(ADDRESS), constant(STRIDE))),
  ];
}
