/**
 * Arrow's C data interface as it lies in the memory of 32-bit WebAssembly.
 *
 * @see https://arrow.apache.org/docs/format/CDataInterface.html
 * @module
 */

/** One array with its schema; addresses are bytes within `memory`. */
export interface ArrowNode {
  readonly memory: ArrayBuffer;
  readonly name: string;
  /** Its type in Arrow's letters: "f" for 32-bit floats, "+l" for lists. */
  readonly format: string;
  readonly length: number;
  /** Elements to leave out at the beginning of every buffer. */
  readonly offset: number;
  /** Addresses; the first is that of the validity bits, 0 where nothing is null. */
  readonly buffers: readonly number[];
  readonly children: readonly ArrowNode[];
  readonly dictionary: ArrowNode | undefined;
}

/** The array at an address, with the schema at another. */
export function arrowNode(memory: ArrayBuffer, array: number, schema: number): ArrowNode {
  const view = new DataView(memory);
  const address = (at: number) => view.getUint32(at, true);
  const large = (at: number) => Number(view.getBigInt64(at, true));
  const list = (at: number, count: number) =>
    Array.from({ length: count }, (_, i) => address(address(at) + 4 * i));
  const schemas = list(schema + 32, large(schema + 24));
  const dictionary = address(array + 48);
  return {
    memory,
    format: textAt(memory, address(schema)),
    name: address(schema + 4) === 0 ? "" : textAt(memory, address(schema + 4)),
    length: large(array),
    offset: large(array + 16),
    buffers: list(array + 40, large(array + 24)),
    children: list(array + 44, large(array + 32)).map((child, i) =>
      arrowNode(memory, child, schemas[i])
    ),
    dictionary: dictionary === 0 ? undefined : arrowNode(memory, dictionary, address(schema + 36)),
  };
}

/** Whether the element at `index` is not null. */
export function isPresent({ memory, buffers, offset }: ArrowNode, index: number): boolean {
  if (buffers.length === 0 || buffers[0] === 0) return true;
  const bit = offset + index;
  return (new Uint8Array(memory, buffers[0])[bit >> 3] >> (bit & 7) & 1) === 1;
}

/** The text that ends with a zero byte at an address. */
function textAt(memory: ArrayBuffer, at: number): string {
  const bytes = new Uint8Array(memory, at);
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}
