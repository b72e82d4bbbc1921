/**
 * Just enough of WebAssembly's binary format to write a loop over vectors of 128 bits.
 *
 * Code is written as expressions: a function takes the code of its operands and returns its own.
 * Opcodes are those of the WebAssembly core specification 2.0, sections 5.4 and 5.5.
 *
 * @module
 */

/** Bytes of code, nested as the expressions are. */
export type Code = number | readonly Code[];

/** Types of parameters and locals. */
export const I32 = 0x7f, V128 = 0x7b;

/** The value of a parameter or local. */
export const get = (local: number): Code => [0x20, local];
/** Gives a local a value. */
export const set = (local: number, value: Code): Code => [value, 0x21, local];
/** An integer. */
export const constant = (value: number): Code => [0x41, signed(value)];
/** Sum of two integers. */
export const add = (a: Code, b: Code): Code => [a, b, 0x6a];
/** Exclusive or of two integers. */
export const xor = (a: Code, b: Code): Code => [a, b, 0x73];
/** 1 where `a` is less than `b`, both unsigned. */
export const less = (a: Code, b: Code): Code => [a, b, 0x49];
/** Does `body`, and again for as long as `condition` is not 0. */
export const repeat = (body: Code, condition: Code): Code => [
  [0x03, 0x40],
  [body, condition, 0x0d, 0],
  0x0b,
];

/** Four times the same integer. */
export const everyWord = (value: Code): Code => [value, vector(0x11)];
/** Sixteen times the same byte. */
export const everyByte = (value: Code): Code => [value, vector(0x0f)];
/** Sixteen bytes. */
export const bytes = (...values: readonly number[]): Code => [vector(0x0c), values];
/** Sums of words. */
export const addWords = (a: Code, b: Code): Code => [a, b, vector(0xae)];
/** Words moved left by that many bits. */
export const moveLeft = (a: Code, bits: number): Code => [a, constant(bits), vector(0xab)];
/** Words moved right by that many bits; zeros come in. */
export const moveRight = (a: Code, bits: number): Code => [a, constant(bits), vector(0xad)];
/** Bitwise or. */
export const orBits = (a: Code, b: Code): Code => [a, b, vector(0x50)];
/** Bitwise exclusive or. */
export const xorBits = (a: Code, b: Code): Code => [a, b, vector(0x51)];
/** Differences of unsigned bytes, 0 instead of less. */
export const subtractBytes = (a: Code, b: Code): Code => [a, b, vector(0x73)];
/** The smaller of each two unsigned bytes. */
export const smallerBytes = (a: Code, b: Code): Code => [a, b, vector(0x77)];
/** Bytes of the two operands in the order of `lanes`: 0 to 15 name those of `a`, 16 to 31 of `b`. */
export const shuffle = (a: Code, b: Code, lanes: readonly number[]): Code => [
  [a, b],
  [vector(0x0d), lanes],
];
/** Writes a vector to memory, `offset` bytes behind an address. */
export const store = (address: Code, value: Code, offset: number): Code => [
  [address, value],
  [vector(0x0b), 0, unsigned(offset)],
];

/** What a module with one function and one memory, `run` and `memory` by name, is made of. */
export interface ModuleText {
  readonly parameters: readonly number[];
  readonly locals: readonly number[];
  readonly body: Code;
  /** Pages of 64 KiB. */
  readonly pages: number;
}

/** The module as a file. */
export function encodeModule({ parameters, locals, body, pages }: ModuleText): Uint8Array<
  ArrayBuffer
> {
  const declared = list(locals.map((type) => [1, type]));
  return Uint8Array.from(flat([
    [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    section(1, [[0x60, list(parameters), 0]]),
    section(3, [0]),
    section(5, [[0, unsigned(pages)]]),
    section(7, [[word("run"), 0, 0], [word("memory"), 2, 0]]),
    section(10, [sized([declared, body, 0x0b])]),
  ]));
}

const section = (id: number, entries: readonly Code[]): Code => [id, sized(list(entries))];
const list = (entries: readonly Code[]): Code => [unsigned(entries.length), entries];
const word = (text: string): Code => list([...new TextEncoder().encode(text)]);
const vector = (opcode: number): Code => [0xfd, unsigned(opcode)];

function sized(code: Code): Code {
  const body = flat(code);
  return [unsigned(body.length), body];
}

const flat = (code: Code): number[] => ([code] as unknown[]).flat(Infinity) as number[];

/** LEB128: seven bits a byte, the lowest first; the high bit says that more follow. */
function unsigned(value: number): number[] {
  return value < 128 ? [value] : [value % 128 + 128, ...unsigned(Math.floor(value / 128))];
}

function signed(value: number): number[] {
  const ends = value >= -64 && value < 64;
  return ends ? [value & 127] : [(value & 127) | 128, ...signed(value >> 7)];
}
