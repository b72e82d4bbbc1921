/**
 * Thrift's compact protocol as a tree that can be changed at will and written again, whatever it then says.
 *
 * @module
 */

/** A value with its type by the number that the protocol gives it. */
export type Node =
  | { type: 1 | 2 }
  | { type: 3 | 4 | 5 | 6; integer: bigint }
  | { type: 7; bytes: Uint8Array }
  | { type: 8; bytes: Uint8Array }
  /** `claimed` is the size that is written, where it is not that of the list. */
  | { type: 9; element: number; items: Node[]; claimed?: bigint }
  | { type: 12; fields: { id: number; node: Node }[] };

/** A structure. */
export type Struct = Extract<Node, { type: 12 }>;

/** Reads the structure at `at`; `end` is where it ends. */
export function readTree(bytes: Uint8Array, at: number): { readonly tree: Struct; end: number } {
  function unsigned(): bigint {
    let value = 0n;
    for (let shift = 0n;; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  }
  const signed = () => {
    const value = unsigned();
    return value & 1n ? -(value >> 1n) - 1n : value >> 1n;
  };
  const take = (length: number) => bytes.slice(at, at += length);
  function node(type: number, inList: boolean): Node {
    switch (type) {
      case 1:
      case 2:
        if (inList) at++;
        return { type };
      case 3:
        return { type, integer: BigInt(bytes[at++]) };
      case 4:
      case 5:
      case 6:
        return { type, integer: signed() };
      case 7:
        return { type, bytes: take(8) };
      case 8:
        return { type, bytes: take(Number(unsigned())) };
      case 9: {
        const head = bytes[at++], element = head & 15;
        const size = head >> 4 === 15 ? Number(unsigned()) : head >> 4;
        return { type, element, items: Array.from({ length: size }, () => node(element, true)) };
      }
      case 12: {
        const fields: { id: number; node: Node }[] = [];
        for (let id = 0;;) {
          const head = bytes[at++];
          if (head === 0) return { type, fields };
          id = head >> 4 ? id + (head >> 4) : Number(signed());
          fields.push({ id, node: node(head & 15, false) });
        }
      }
    }
    throw new Error(`a field of type ${type}`);
  }
  const tree = node(12, false) as Struct;
  return { tree, end: at };
}

/** Writes a structure. */
export function writeTree(tree: Struct): Uint8Array {
  const out: number[] = [];
  function unsigned(value: bigint): void {
    for (; value > 127n; value >>= 7n) out.push(Number(value & 127n) | 128);
    out.push(Number(value));
  }
  const signed = (value: bigint) => unsigned(value < 0n ? (-value << 1n) - 1n : value << 1n);
  function put(node: Node, inList: boolean): void {
    switch (node.type) {
      case 1:
      case 2:
        if (inList) out.push(node.type);
        return;
      case 3:
        return void out.push(Number(BigInt.asUintN(8, node.integer)));
      case 4:
      case 5:
      case 6:
        return signed(node.integer);
      case 7:
        return void out.push(...node.bytes);
      case 8:
        unsigned(BigInt(node.bytes.length));
        return void out.push(...node.bytes);
      case 9: {
        const size = node.claimed ?? BigInt(node.items.length);
        out.push((size < 15n ? Number(size) << 4 : 240) | node.element);
        if (size >= 15n) unsigned(size);
        for (const item of node.items) put(item, true);
        return;
      }
      case 12: {
        let last = 0;
        for (const { id, node: value } of node.fields) {
          const step = id - last;
          if (step > 0 && step < 16) out.push((step << 4) | value.type);
          else {
            out.push(value.type);
            signed(BigInt(id));
          }
          put(value, false);
          last = id;
        }
        out.push(0);
      }
    }
  }
  put(tree, false);
  return Uint8Array.from(out);
}

/** The field `id` of a structure. */
export const fieldOf = (node: Node | undefined, id: number): Node | undefined =>
  node?.type === 12 ? node.fields.find((field) => field.id === id)?.node : undefined;

/** The items of a list; none where it is none. */
export const itemsOf = (node: Node | undefined): Node[] => node?.type === 9 ? node.items : [];

/** Every value of a tree, those that hold others before what they hold. */
export function nodesOf(node: Node): Node[] {
  const within = node.type === 9
    ? node.items
    : node.type === 12
    ? node.fields.map((field) => field.node)
    : [];
  return [node, ...within.flatMap(nodesOf)];
}
