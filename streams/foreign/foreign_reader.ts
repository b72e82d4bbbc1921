/**
 * The blocks of foreign files, read as they are.
 *
 * @module
 */

import type { BlockReader } from "../reading/blocks.ts";
import { type ColumnReader, columnReader } from "../parquet/foreign/column_reader.ts";
import { codesOf } from "./categories.ts";
import { type OpenedFile, openForeignFile } from "./foreign_file.ts";
import type { ForeignFile, ForeignLayout } from "./foreign_layout.ts";
import { translator } from "./translate.ts";
import { unreadable } from "./unreadable.ts";

/** A file that is open, with its reader. */
interface Held extends OpenedFile {
  readonly reader: ColumnReader;
}

/** Arrays that a slot keeps from block to block: fresh memory costs seven times a copy. */
interface Slot {
  genes: Uint32Array;
  values: Float32Array;
}

/** Files that are open at once: as many as a window has blocks. */
const MOST_OPEN = 16;

/** Begins to read; every error names file, row group and row as far as it can. */
export function foreignReader(files: readonly ForeignFile[], layout: ForeignLayout): BlockReader {
  const places = files.flatMap((file) => file.blocks.map((block) => ({ file, ...block })));
  const names = layout.columns.map(({ name }) => name);
  const codebooks = new Map(layout.columns.map(({ name, categories }) => [
    name,
    new Map(categories.map((category, code) => [category, code])),
  ]));
  const translateInto = translator(layout), slots: Slot[] = [];
  // The file that was read last stands last.
  const open = new Map<ForeignFile, Promise<Held>>();
  let closed = false;

  async function held(file: ForeignFile): Promise<Held> {
    if (closed) throw new RangeError("its reader is closed");
    const found = open.get(file) ?? opened(file, { ...layout, columns: names });
    open.delete(file);
    open.set(file, found);
    const [first, waiting] = open.size > MOST_OPEN ? open.entries().next().value! : [];
    if (first && waiting) {
      open.delete(first);
      await shut(waiting);
    }
    try {
      return await found;
    } catch (cause) {
      open.delete(file);
      throw cause;
    }
  }

  return {
    async codes(block, columns) {
      const { file, ...at } = places[block], obs: [string, Int32Array][] = [];
      for (const name of columns) {
        try {
          const { reader, columns: known } = await held(file);
          const singles = await reader.singles(known.get(name)!, at.group, at);
          obs.push([name, codesOf(singles, codebooks.get(name)!)]);
        } catch (cause) {
          throw unreadable({ place: file.place, group: at.group }, cause);
        }
      }
      return Object.fromEntries(obs);
    },
    async entries(block, slot) {
      const { file, ...at } = places[block], { group, from } = at;
      try {
        const { reader, genes, values } = await held(file);
        const tokens = await reader.lists(genes, group, at);
        const theirs = await reader.lists(values, group, at);
        const kept = roomIn(slots[slot] ??= emptySlot(), tokens.values.length);
        const offsets = new Uint32Array(tokens.offsets.length);
        const fault = translateInto({ offsets, ...kept }, tokens, theirs);
        if (fault) throw unreadable({ place: file.place, group, row: from + fault.row }, fault.why);
        const entries = offsets[offsets.length - 1];
        return {
          offsets,
          genes: kept.genes.subarray(0, entries),
          values: kept.values.subarray(0, entries),
        };
      } catch (cause) {
        throw unreadable({ place: file.place, group }, cause);
      }
    },
    async close() {
      closed = true;
      await Promise.all(open.values().map(shut));
      open.clear();
    },
  };
}

async function opened(
  file: ForeignFile,
  columns: Parameters<typeof openForeignFile>[1],
): Promise<Held> {
  const found = await openForeignFile(file.place, columns);
  if (found.bytes.version === file.version) return { ...found, reader: columnReader(found.table) };
  await found.bytes.close();
  throw new RangeError("it changed since it was opened");
}

async function shut(waiting: Promise<Held>): Promise<void> {
  // Whoever asked for the file hears why it could not be opened.
  const file = await waiting.catch(() => undefined);
  file?.reader.close();
  await file?.bytes.close();
}

const emptySlot = (): Slot => ({ genes: new Uint32Array(0), values: new Float32Array(0) });

function roomIn(slot: Slot, entries: number): Slot {
  if (slot.genes.length < entries) {
    slot.genes = new Uint32Array(Math.ceil(1.25 * entries));
    slot.values = new Float32Array(slot.genes.length);
  }
  return slot;
}
