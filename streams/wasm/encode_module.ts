/**
 * Functions as a WebAssembly module, in the binary format of the core specification 2.0, section 5.5.
 *
 * @module
 */

import { type Code, I32 } from "./code.ts";
import { unsigned } from "./leb128.ts";

/** A function, by its code. */
export interface FunctionText {
  readonly parameters: readonly number[];
  readonly locals: readonly number[];
  /** Whether it ends with an integer; nothing unless given. */
  readonly result?: typeof I32;
  readonly body: Code;
}

/** What a module is made of: functions, exported by name, and one memory, exported as `memory`. */
export interface ModuleText {
  readonly functions: Readonly<Record<string, FunctionText>>;
  /** Pages of 64 KiB that the memory begins with. */
  readonly pages: number;
}

/** The module as a file. */
export function encodeModule({ functions, pages }: ModuleText): Uint8Array<ArrayBuffer> {
  const names = Object.keys(functions), texts = Object.values(functions);
  const type = ({ parameters, result }: FunctionText): Code => [
    0x60,
    list(parameters),
    list(result === undefined ? [] : [result]),
  ];
  const code = ({ locals, body }: FunctionText): Code =>
    sized([list(locals.map((type) => [1, type])), body, 0x0b]);
  return Uint8Array.from(flat([
    [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    section(1, texts.map(type)),
    section(3, texts.map((_, index) => unsigned(index))),
    section(5, [[0, unsigned(pages)]]),
    section(7, [
      ...names.map((name, index) => [word(name), 0, unsigned(index)]),
      [word("memory"), 2, 0],
    ]),
    section(10, texts.map(code)),
  ]));
}

const section = (id: number, entries: readonly Code[]): Code => [id, sized(list(entries))];
const list = (entries: readonly Code[]): Code => [unsigned(entries.length), entries];
const word = (text: string): Code => list([...new TextEncoder().encode(text)]);

function sized(code: Code): Code {
  const body = flat(code);
  return [unsigned(body.length), body];
}

/** By hand: `Array.prototype.flat` takes ten times as long for what is nested so deeply. */
function flat(code: Code): number[] {
  const all: number[] = [];
  const pour = (code: Code): void => {
    if (typeof code === "number") all.push(code);
    else for (const part of code) pour(part);
  };
  pour(code);
  return all;
}
