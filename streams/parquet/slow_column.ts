/**
 * Columns that the decoder of this folder does not know, through parquet-wasm: four times slower, every
 * encoding and codec.
 *
 * @module
 */

import type { ByteSource } from "../bytes/byte_source.ts";
import type { SlowColumn } from "./foreign/arrow_column.ts";
import type { SlowAsk, SlowTell } from "./foreign/slow_worker.ts";
import { supervised } from "./foreign/supervised_worker.ts";
import { TOO_LITTLE_MEMORY, tooLittleMemory } from "./is_damage.ts";
import type { Rows } from "./piece.ts";

export type { SlowColumn, SlowNumbers } from "./foreign/arrow_column.ts";

/** Reads columns of one file, one after another. */
export interface SlowReader {
  /**
   * Rows of the column called `name` in a row group, which has them.
   *
   * @throws RangeError where the column cannot be read, or is of a kind that cells do not need; Error of
   *   the name `TOO_LITTLE_MEMORY`; and what reading its bytes throws.
   */
  read(name: string, group: number, rows: Rows): Promise<SlowColumn>;
  /** Ends its worker; what is being read fails. */
  close(): void;
}

/** parquet-wasm cuts the offsets of larger files to 32 bits, and reads other bytes without a word. */
const LARGEST_FILE = 2 ** 32;
/** A worker that has taken more memory than this is ended, as it would never give it back. */
const LARGEST_MEMORY = 2 ** 28;
/** Milliseconds without a word after which a worker counts as hanging; a large column takes seconds. */
const PATIENCE = 120_000;

/** Memory beyond which parquet-wasm gives up rather than to take everything that a file asks for. */
const MOST_MEMORY = 2 ** 30;

/**
 * A reader of opened bytes; its worker starts with the first column.
 *
 * @param most Bytes that parquet-wasm may take.
 */
export function slowReader(bytes: ByteSource, most = MOST_MEMORY): SlowReader {
  const worker = supervised<SlowAsk, SlowTell>(
    new URL("./foreign/slow_worker.ts", import.meta.url),
  );

  async function hear(word: SlowTell) {
    switch (word.kind) {
      case "fetch": {
        const part = new Uint8Array(word.to - word.from);
        await bytes.read(part, word.from);
        return { reply: { kind: "bytes", id: word.id, bytes: part.buffer } as const };
      }
      case "column":
        return { answer: word };
      case "fault":
        throw new RangeError(word.why);
      case "panic":
        throw panicOf(word, most);
    }
  }
  return {
    async read(name, group, { from, to }) {
      if (bytes.size >= LARGEST_FILE) {
        throw new RangeError(
          `column "${name}" is for parquet-wasm, which reads no file of 4 GiB or more; ` +
            "write it again in smaller files, or with PLAIN values and the codec ZSTD",
        );
      }
      const question = { kind: "read", size: bytes.size, most, group, name, from, to } as const;
      try {
        const { column, memory } = await worker.ask({ question, patience: PATIENCE, hear });
        if (memory > LARGEST_MEMORY) worker.end();
        return column;
      } catch (cause) {
        const said = (why: string) => `column "${name}" cannot be read: ${why}`;
        if (cause instanceof RangeError) throw new RangeError(said(cause.message));
        if (cause instanceof Error && cause.name === TOO_LITTLE_MEMORY) {
          throw tooLittleMemory(said(cause.message));
        }
        // What keeps the bytes from coming, as a server that does not answer, is no damage.
        throw cause;
      }
    },
    close: () => worker.end(),
  };
}

/**
 * Why parquet-wasm gave up. It does not say: if it has taken little of what it may, the file asks for
 * what no file needs, or is damaged in another way; if not, more memory may be all that it wants.
 */
function panicOf({ why, memory }: Extract<SlowTell, { kind: "panic" }>, most: number): Error {
  const [taken, all] = [memory, most].map((bytes) => Math.floor(bytes / 1e6));
  const said = `parquet-wasm gave up with ${taken} of ${all} MB (${why})`;
  return memory < most / 2 ? new RangeError(said) : tooLittleMemory(said);
}
