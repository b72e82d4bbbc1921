/**
 * Parquet files with something wrong: bytes, pages, or what the footer says.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { readPageHeader } from "../streams/parquet/page_header.ts";
import {
  fieldOf,
  itemsOf,
  type Node,
  nodesOf,
  readTree,
  type Struct,
  writeTree,
} from "./thrift_tree.ts";

/** One change of a file. */
export type Mutation = (file: Uint8Array) => Uint8Array;

/** Numbers that footers lie with. */
const LIES = [
  ...[0, 1, 2, 3, 7, 20, 255, 2 ** 16, 2 ** 24, 2 ** 28 - 1, 2 ** 31 - 1, 2 ** 31].map(BigInt),
  ...[2n ** 32n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 64n, 2n ** 70n],
];
const lie = fc.oneof(
  fc.constantFrom(...LIES, ...LIES.map((value) => -value)),
  fc.bigInt({ min: -100n, max: 5000n }),
);
const place = fc.nat(2 ** 30);

/** Changes of bytes, wherever they are. */
export const changedBytes: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, fc.integer({ min: 1, max: 255 })).map(([at, mask]): Mutation => (file) => {
    const copy = file.slice();
    copy[at % copy.length] ^= mask;
    return copy;
  }),
  fc.tuple(place, place, fc.nat(64)).map(([to, from, length]): Mutation => (file) => {
    const copy = file.slice(), start = from % file.length;
    const run = file.subarray(start, start + length), end = to % file.length;
    copy.set(run.subarray(0, file.length - end), end);
    return copy;
  }),
);

/** Changes of how long a file is: cut off, cut out, or with a piece of it once more. */
export const changedLength: fc.Arbitrary<Mutation> = fc.oneof(
  place.map((at): Mutation => (file) => file.slice(0, at % file.length)),
  fc.tuple(place, fc.nat(200)).map(([at, length]): Mutation => (file) => {
    const from = at % file.length;
    return join(file.subarray(0, from), file.subarray(from + length));
  }),
  fc.tuple(place, place, fc.nat(200)).map(([at, from, length]): Mutation => (file) => {
    const to = at % file.length, start = from % file.length;
    return join(file.subarray(0, to), file.subarray(start, start + length), file.subarray(to));
  }),
);

/** A change of one value somewhere in a structure, and the structure however deep. */
const changedTree: fc.Arbitrary<(tree: Struct) => void> = fc.tuple(place, fc.nat(9), lie, place)
  .map(
    ([at, how, integer, other]) => (tree) => {
      const nodes = nodesOf(tree), numbers = nodes.filter((node) => "integer" in node);
      const lists = nodes.filter((node) => node.type === 9),
        texts = nodes.filter((n) => n.type === 8);
      const structs = nodes.filter((node) => node.type === 12);
      const one = <A>(all: readonly A[]) => all[at % all.length] as A | undefined;
      const [number, list, text, struct] = [one(numbers), one(lists), one(texts), one(structs)];
      if (how < 5 && number) number.integer = integer;
      else if (how === 5 && list) list.claimed = integer < 0n ? -integer : integer;
      else if (how === 6 && list) list.items = list.items.toSpliced(other % 3, 1, ...list.items);
      else if (how === 7 && struct) struct.fields.splice(other % (struct.fields.length + 1), 1);
      else if (how === 8 && text) text.bytes = new Uint8Array(one(texts.toReversed())!.bytes);
      else if (struct) {
        let deep: Node = { type: 5, integer };
        for (let depth = other % 400; depth > 0; depth--) {
          deep = { type: 12, fields: [{ id: 1, node: deep }] };
        }
        struct.fields.push({ id: 30, node: deep });
      }
    },
  );

/** Lies in the footer. */
export const changedFooter: fc.Arbitrary<Mutation> = fc.array(changedTree, {
  minLength: 1,
  maxLength: 3,
}).map((changes): Mutation => (file) => {
  const footer = footerOf(file);
  for (const change of changes) change(footer.tree);
  return withFooter(file.subarray(0, footer.start), footer.tree);
});

/** The file of which the first column claims another number of values, or of bytes once unpacked. */
export function withClaim(
  file: Uint8Array,
  what: "values" | "unpacked",
  claim: bigint,
): Uint8Array {
  const { tree, start } = footerOf(file), said = fieldOf(columnsOf(tree)[0], CLAIMS[what]);
  if (!(said && "integer" in said)) throw new Error(`the footer does not say ${what}`);
  said.integer = claim;
  return withFooter(file.subarray(0, start), tree);
}

const CLAIMS = { values: 5, unpacked: 6 };

/** The file without one field of its footer, for each of them. */
export function* withoutFields(file: Uint8Array): Generator<Uint8Array> {
  const { tree, start } = footerOf(file);
  for (const node of nodesOf(tree)) {
    if (node.type !== 12) continue;
    const all = node.fields;
    for (const left of all) {
      node.fields = all.filter((field) => field !== left);
      yield withFooter(file.subarray(0, start), tree);
    }
    node.fields = all;
  }
}

/** A row of schema elements that nobody can mean. */
export const absurdSchema: fc.Arbitrary<Mutation> = fc.tuple(
  fc.constantFrom("deep", "wide", "own child", "many children", "none"),
  fc.constantFrom(10, 200, 2000),
).map(([how, size]): Mutation => (file) => {
  const { tree, start } = footerOf(file), schema = fieldOf(tree, 2);
  if (schema?.type !== 9) return file;
  const element = (name: string, children: number): Node => ({
    type: 12,
    fields: [
      { id: 3, node: { type: 5, integer: 0n } },
      { id: 4, node: { type: 8, bytes: new TextEncoder().encode(name) } },
      { id: 5, node: { type: 5, integer: BigInt(children) } },
    ],
  });
  const [root] = schema.items;
  if (how === "deep") schema.items = [root, ...Array(size).fill(element("genes", 1))];
  if (how === "wide") schema.items = [element("root", size), ...Array(size).fill(schema.items[1])];
  if (how === "own child") schema.items.splice(2, 0, ...schema.items);
  if (how === "many children") schema.items[0] = element("root", 2 ** 31 - 1);
  if (how === "none") schema.items = [];
  return withFooter(file.subarray(0, start), tree);
});

/** Lies in the head of a page; everything behind it is where the footer says. */
export const changedPage: fc.Arbitrary<Mutation> = fc.tuple(place, changedTree).map(
  ([which, change]): Mutation => (file) =>
    replacePage(file, which, ({ tree, body }) => {
      change(tree);
      return { tree, body };
    }),
);

/** Two gigabytes of zeros, packed into kilobytes. */
const bombs = (() => {
  const zeros = new Uint8Array(2 ** 24);
  const repeat = (part: Uint8Array) => join(...Array<Uint8Array>(128).fill(part));
  // Snappy says first how long the bytes are that follow, which are none.
  const snappy = Uint8Array.of(255, 255, 255, 255, 7, 0, 0);
  return [repeat(zstdCompressSync(zeros)), repeat(gzipSync(zeros)), snappy];
})();

/** Pages that unpack to far more than they say, or say far more than they unpack to. */
export const bombedPage: fc.Arbitrary<Mutation> = fc.tuple(
  place,
  fc.constantFrom(...bombs.keys()),
  fc.constantFrom(undefined, 2n ** 31n - 1n, 2n ** 30n, 2n ** 24n, 100_000n, 0n),
).map(([which, kind, claimed]): Mutation => (file) =>
  replacePage(file, which, ({ tree }) => {
    tree.fields = tree.fields.filter(({ id }) => id !== 4);
    const [unpacked, packed] = [fieldOf(tree, 2), fieldOf(tree, 3)];
    if (packed && "integer" in packed) packed.integer = BigInt(bombs[kind].length);
    if (claimed !== undefined && unpacked && "integer" in unpacked) unpacked.integer = claimed;
    return { tree, body: bombs[kind], unpacked: claimed };
  })
);

interface PageParts {
  readonly tree: Struct;
  readonly body: Uint8Array;
  /** Bytes that the footer is to claim for the whole column once unpacked. */
  readonly unpacked?: bigint | undefined;
}

/** The file with another page in place of one, and the footer's offsets moved accordingly. */
function replacePage(
  file: Uint8Array,
  which: number,
  change: (page: PageParts) => PageParts,
): Uint8Array {
  const { tree: footer, start } = footerOf(file), columns = columnsOf(footer);
  if (columns.length === 0) return file;
  const column = columns[which % columns.length], pages = pagesIn(file, column);
  if (pages.length === 0) return file;
  const { at, head, end } = pages[Math.floor(which / columns.length) % pages.length];
  const { tree } = readTree(file, at);
  const changed = change({ tree, body: file.subarray(at + head, end) });
  const page = join(writeTree(changed.tree), changed.body), moved = BigInt(page.length - end + at);
  for (const other of columns) {
    for (const offset of [9, 10, 11].map((id) => fieldOf(other, id))) {
      if (offset && "integer" in offset && offset.integer > BigInt(at)) offset.integer += moved;
    }
  }
  const [unpacked, packed] = [fieldOf(column, 6), fieldOf(column, 7)];
  if (packed && "integer" in packed) packed.integer += moved;
  if (changed.unpacked !== undefined && unpacked && "integer" in unpacked) {
    unpacked.integer += changed.unpacked;
  }
  return withFooter(join(file.subarray(0, at), page, file.subarray(end, start)), footer);
}

/** What the footer says of each column of each row group. */
const columnsOf = (footer: Struct): Node[] =>
  itemsOf(fieldOf(footer, 4)).flatMap((group) =>
    itemsOf(fieldOf(group, 1)).flatMap((chunk) => fieldOf(chunk, 3) ?? [])
  );

function pagesIn(file: Uint8Array, column: Node) {
  const integer = (id: number) => {
    const node = fieldOf(column, id);
    return node && "integer" in node ? Number(node.integer) : Infinity;
  };
  // A column without a page says 0.
  const first = Math.min(integer(9) || Infinity, integer(11) || Infinity),
    last = first + integer(7);
  const pages: { readonly at: number; readonly head: number; readonly end: number }[] = [];
  for (const cursor = { bytes: file, at: first }; cursor.at < last;) {
    const at = cursor.at, { packed } = readPageHeader(cursor);
    pages.push({ at, head: cursor.at - at, end: cursor.at += packed });
  }
  return pages;
}

function footerOf(file: Uint8Array): { readonly tree: Struct; readonly start: number } {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const start = file.length - 8 - view.getUint32(file.length - 8, true);
  return { tree: readTree(file, start).tree, start };
}

function withFooter(head: Uint8Array, tree: Struct): Uint8Array {
  const footer = writeTree(tree), tail = new Uint8Array(8);
  new DataView(tail.buffer).setUint32(0, footer.length, true);
  tail.set(new TextEncoder().encode("PAR1"), 4);
  return join(head, footer, tail);
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
