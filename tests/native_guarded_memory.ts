/**
 * Native memory whose pages can be closed, and the kernels beside what closes them.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import type { Precision } from "../core/model/program.ts";
import type { Recipe } from "../plugins/engines/native/build.ts";
import { type Library, loadKernels } from "../plugins/engines/native/library.ts";
import {
  addressOf,
  memoryAt,
  type NativeFunction,
  openLibrary,
  type Pointer,
  pointerOf,
} from "../streams/platform.ts";
import { PAGE, type Rooms } from "./native_rooms.ts";

const FUNCTIONS = {
  guarded_pages: { parameters: ["buffer", "i64", "i32"], result: "void" },
  guarded_run: { parameters: ["pointer", "buffer"], result: "i32" },
} as const;

type Guards = {
  readonly [Name in keyof typeof FUNCTIONS]: NativeFunction<(typeof FUNCTIONS)[Name]>;
};

/** Kernels with the functions of native_guarded.c. */
export interface Guarded {
  readonly kernels: Library;
  readonly guards: Guards;
  readonly precision: Precision;
}

/** The recipe with native_guarded.c. */
export function guardedRecipe(recipe: Recipe): Recipe {
  const source = readFileSync(new URL("native_guarded.c", import.meta.url), "utf8");
  return {
    ...recipe,
    name: "guarded",
    sources: { ...recipe.sources, "guarded.c": source },
    links: [...recipe.links, "-Wl,--wrap=panels_of"],
  };
}

/** Loads what that recipe makes. */
export const loadGuarded = (path: string, precision: Precision): Guarded => ({
  kernels: loadKernels(path),
  guards: openLibrary(path, FUNCTIONS),
  precision,
});

/** Whole pages, all zero. */
export interface Region {
  readonly address: bigint;
  readonly buffer: ArrayBuffer;
}

/** Memory that is freed at once. */
export interface Memory {
  region(bytes: number): Region;
  /** Runs `work` while the pages at these addresses are closed. */
  closing<A>(pages: readonly bigint[], work: () => A | Promise<A>): Promise<A>;
  free(): void;
}

/** Nothing taken yet. */
export function openMemory({ kernels, guards }: Guarded): Memory {
  const taken: Pointer[] = [], page = BigInt(PAGE);
  return {
    region(bytes) {
      const pointer = kernels.gil_allocate(BigInt(bytes + PAGE));
      if (!pointer) throw new Error(`${bytes} bytes are not to be had`);
      taken.push(pointer);
      const address = (addressOf(pointer) + page - 1n) / page * page;
      return { address, buffer: memoryAt(pointerOf(address), bytes) };
    },
    async closing(pages, work) {
      const addresses = BigInt64Array.from(pages), count = BigInt(pages.length);
      guards.guarded_pages(addresses, count, 0);
      try {
        return await work();
      } finally {
        guards.guarded_pages(addresses, count, 1);
      }
    },
    free: () => taken.splice(0).forEach((pointer) => kernels.gil_free(pointer)),
  };
}

/** Addresses of the pages of rooms that are to be closed. */
export const pagesOf = ({ address }: Pick<Region, "address">, { closed }: Rooms): bigint[] =>
  closed.map((place) => address + BigInt(place));
