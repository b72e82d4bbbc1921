/**
 * What only the runtime can do: calling native code. Every use of Deno's own interface is here.
 *
 * @module
 */

import { statfsSync } from "node:fs";

/** An address in native memory; null is address 0. */
export type Pointer = Deno.PointerValue;

/** How a native function is called: its parameters, its result, and whether the caller waits. */
export type Signature = Deno.ForeignFunction;

/** A native function as it is called from here. */
export type NativeFunction<S extends Signature> = Deno.FromForeignFunction<S>;

/**
 * Opens a native library, for the rest of the process, and returns its functions.
 *
 * @throws Error when it does not exist, does not fit this machine or lacks a function.
 */
export function openLibrary<const S extends Deno.ForeignLibraryInterface>(
  path: string,
  functions: S,
): Deno.StaticForeignLibraryInterface<S> {
  return Deno.dlopen(path, functions).symbols;
}

/** The function at an address. */
export function functionAt<const S extends Signature>(
  pointer: Pointer,
  signature: S,
): NativeFunction<S> {
  const native = new Deno.UnsafeFnPointer(present(pointer) as Deno.PointerObject<S>, signature);
  return native.call.bind(native) as NativeFunction<S>;
}

/** The address that is stored `bytes` behind an address. */
export const pointerAt = (pointer: Pointer, bytes: number): Pointer =>
  new Deno.UnsafePointerView(present(pointer)).getPointer(bytes);

/** The text that ends with a zero byte at an address. */
export const textAt = (pointer: Pointer): string =>
  new Deno.UnsafePointerView(present(pointer)).getCString();

/** The memory from an address on, as a buffer that stays valid for as long as the memory does. */
export const memoryAt = (pointer: Pointer, bytes: number): ArrayBuffer =>
  Deno.UnsafePointerView.getArrayBuffer(present(pointer), bytes);

/** An address as a pointer. */
export const pointerOf = (address: bigint): Pointer => Deno.UnsafePointer.create(address);

/** A pointer as an address. */
export const addressOf = (pointer: Pointer): bigint => Deno.UnsafePointer.value(pointer);

function present(pointer: Pointer): Deno.PointerObject {
  if (pointer) return pointer;
  throw new RangeError("Cannot follow a null pointer");
}

/**
 * Locks a file, which is made when it is missing, for this process alone: a function that unlocks it,
 * or undefined where another process holds it. The lock ends with the process, whatever ends it.
 */
export async function tryLock(path: string): Promise<(() => void) | undefined> {
  const file = await Deno.open(path, { create: true, read: true, write: true });
  if (await file.tryLock(true)) return () => file.close();
  file.close();
  return undefined;
}

/**
 * Bytes that are free on the disk of a folder; undefined where the system does not tell, or this
 * process was not given leave to ask.
 */
export function freeBytes(folder: string): number | undefined {
  const leave = { name: "sys", kind: "statfs" } as unknown as Deno.PermissionDescriptor;
  if (Deno.permissions.querySync(leave).state !== "granted") return undefined;
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
