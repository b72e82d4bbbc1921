/**
 * The engine `native` whose kernels run on another processor, emulated: in a process that has the
 * engine's memory at the same address, so that a pointer means the same to both.
 *
 * @module
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { rename } from "node:fs/promises";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Engine, Precision } from "../core/model/program.ts";
import { built } from "../plugins/engines/native/build.ts";
import { compile, type Compiler } from "../plugins/engines/native/compiler.ts";
import { openEngine } from "../plugins/engines/native/engine.ts";
import { recipeOf } from "../plugins/engines/native/kernels.ts";
import type { Library } from "../plugins/engines/native/library.ts";
import { addressOf, openLibrary, type Pointer, pointerOf } from "../streams/platform.ts";
import { cacheFolder } from "../streams/reading/cached_atlas.ts";

/** A processor by what builds programs for it and what runs them here. */
export interface Elsewhere {
  readonly name: string;
  readonly compiler: Compiler;
  readonly emulator: string;
  /** The folder in whose `lib` the C library for that processor lies. */
  readonly system: string;
}

/** Kernels that run there. */
export interface ProgramElsewhere {
  readonly elsewhere: Elsewhere;
  readonly precision: Precision;
  readonly path: string;
}

/** Builds the plain kernels, as that processor gets them, and beside them a program that calls them. */
export async function builtElsewhere(
  elsewhere: Elsewhere,
  precision: Precision,
): Promise<ProgramElsewhere> {
  const { compiler } = elsewhere, recipe = recipeOf(0, [], precision);
  const library = await built(recipe, compiler, cacheFolder());
  const source = fileURLToPath(new URL("native_elsewhere.c", import.meta.url));
  const path = `${library}.program`, made = `${library}.${process.pid}`;
  await compile(compiler, ["-O1", "-o", made, source, library, ...recipe.links, "-pthread"]);
  await rename(made, path);
  return { elsewhere, precision, path };
}

/** The memory of all engines, once there are any. */
let shared: Shared | undefined;

/** Opens an engine of `threads` threads; closing it ends the process that its kernels are in. */
export function openElsewhere(program: ProgramElsewhere, threads: number): Engine {
  const { elsewhere: { name: level }, precision } = program, memory = shared ??= openShared();
  const child = started(commandOf(program, memory, threads));
  const library: Library = {
    // No piece is handed out twice, so that each is zero.
    gil_allocate: (bytes) => memory.take(Number(bytes)),
    gil_free() {},
    // The process has one pool; nobody here looks at what this points to.
    gil_open: () => pointerOf(1n),
    gil_close() {},
    gil_run: (_, run) => child.call(callOf("run", run)),
    gil_optimise: (_, step) => child.call(callOf("optimise", step)),
    gil_optimise_here: (_, step) => calledHere(commandOf(program, memory, 0), step),
  };
  const engine = openEngine({ library, level, precision }, threads);
  return { ...engine, close: () => engine.close().then(child.end) };
}

/** Bytes of the memory of all engines; what nobody has touched takes none. */
const BYTES = 2 ** 30;

/** The first address that is tried: systems hand out others, and programs lie elsewhere. */
const FIRST = 0x10_0000_0000n;

/** Memory for as long as this process lives. */
interface Shared {
  readonly address: bigint;
  /** Of the memory as a file, which is in no folder. */
  readonly path: string;
  /** So many bytes that nobody has had before; null where none are left. */
  take(bytes: number): Pointer;
}

function openShared(): Shared {
  const { memfd_create, ftruncate, mmap } = openLibrary("libc.so.6", {
    memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
    ftruncate: { parameters: ["i32", "i64"], result: "i32" },
    mmap: { parameters: ["pointer", "u64", "i32", "i32", "i32", "i64"], result: "pointer" },
  });
  const file = memfd_create(new TextEncoder().encode("elsewhere\0"), 0);
  assert.equal(ftruncate(file, BigInt(BYTES)), 0);
  // PROT_READ | PROT_WRITE; MAP_SHARED | MAP_FIXED_NOREPLACE.
  const map = (address: bigint) =>
    addressOf(mmap(pointerOf(address), BigInt(BYTES), 1 | 2, 1 | 0x100000, file, 0n));
  let address = FIRST, taken = 0;
  while (map(address) !== address) {
    address += BigInt(BYTES);
    assert.ok(address < 2n * FIRST, "there is no memory to share");
  }
  return {
    address,
    path: `/proc/${process.pid}/fd/${file}`,
    take(bytes) {
      const place = taken;
      taken += Math.ceil(bytes / 64) * 64;
      return taken <= BYTES ? pointerOf(address + BigInt(place)) : null;
    },
  };
}

/** A call as native_elsewhere.c reads it, and how it ended as that writes it. */
const callOf = (which: "run" | "optimise", structure: Pointer): Uint8Array =>
  new Uint8Array(BigUint64Array.of(which === "optimise" ? 1n : 0n, addressOf(structure)).buffer);
const endingIn = ({ buffer, byteOffset }: Uint8Array): number =>
  new DataView(buffer, byteOffset).getInt32(0, true);

/** What is run to have a process of native_elsewhere.c. */
interface Command {
  readonly emulator: string;
  readonly given: readonly string[];
}

function commandOf(
  { elsewhere: { emulator, system }, path }: ProgramElsewhere,
  { address, path: file }: Shared,
  threads: number,
): Command {
  return { emulator, given: ["-L", system, path, file, ...[address, BYTES, threads].map(String)] };
}

/** How a step of the optimiser ended; it takes a process of its own, as nobody may wait for another. */
function calledHere({ emulator, given }: Command, step: Pointer): number {
  const { status, stdout } = spawnSync(emulator, given, { input: callOf("optimise", step) });
  assert.equal(status, 0, "the kernels ended badly");
  return endingIn(stdout);
}

/** A process that makes one call after the other. */
interface Child {
  /** How the call ended. */
  call(call: Uint8Array): Promise<number>;
  /** Throws unless the process ends well. */
  end(): Promise<void>;
}

function started({ emulator, given }: Command): Child {
  const child = new Deno.Command(emulator, { args: [...given], stdin: "piped", stdout: "piped" })
    .spawn();
  const calls = child.stdin.getWriter(), answers = child.stdout.getReader();
  let ended: Promise<void> | undefined;
  async function finish(): Promise<void> {
    await calls.close().catch(() => {});
    await answers.cancel();
    const { code, signal } = await child.status;
    assert.equal(code, 0, `the kernels ended with ${signal ?? code}`);
  }
  return {
    async call(call) {
      await calls.write(call);
      const { value } = await answers.read();
      if (!value) throw new Error("the process of the kernels has ended");
      return endingIn(value);
    },
    end: () => ended ??= finish(),
  };
}
