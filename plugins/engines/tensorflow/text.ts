/**
 * Names as native code reads them.
 *
 * @module
 */

const encoder = new TextEncoder();

/** The bytes of a text. */
export const bytesOf = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text);

/** The bytes of a text, with the zero that ends it. */
export const named = (text: string): Uint8Array<ArrayBuffer> => bytesOf(`${text}\0`);

/** `named`, kept for as long as the process lives: TensorFlow has a few hundred names. */
export function lastingName(text: string): Uint8Array<ArrayBuffer> {
  let name = lasting.get(text);
  if (!name) lasting.set(text, name = named(text));
  return name;
}

const lasting = new Map<string, Uint8Array<ArrayBuffer>>();
