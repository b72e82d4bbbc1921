/**
 * The native engine built so that it measures itself: c/measure.h says what it counts.
 *
 * @module
 */

import type { Engine, Precision } from "../../core/model/program.ts";
import { candidates } from "../../plugins/engines/native/compiler.ts";
import { openEngine } from "../../plugins/engines/native/engine.ts";
import { openKernels } from "../../plugins/engines/native/kernels.ts";
import { memoryAt, openLibrary } from "../../streams/platform.ts";
import { cacheFolder } from "../../streams/reading/cached_atlas.ts";

/** The numbers of measure.h: most threads, and where what threads do together stands. */
const THREADS = 64, WORDS = 65_536, TOGETHER = ["cells", "clear", "scatter", "sums"] as const;

/** What threads do together between or around cells. */
export type Together = (typeof TOGETHER)[number];

/** Milliseconds since the library was loaded. */
export interface Measures {
  /** Of all threads added up, by the place of an instruction. */
  at(place: number): number;
  /** From the beginning to the end of what is done together. */
  together(what: Together): number;
}

/** An engine, and a look at what it has measured so far. */
export interface Measuring {
  readonly engine: Engine;
  look(): Measures;
}

/**
 * Opens one on `threads` threads.
 *
 * @throws InputError when the kernels cannot be built.
 */
export async function openMeasuring(threads: number, precision: Precision): Promise<Measuring> {
  const flags = ["-DMEASURE"], folder = cacheFolder();
  const kernels = await openKernels({ compilers: candidates(), folder, flags }, precision);
  const { gil_spent } = openLibrary(kernels.path, {
    gil_spent: { parameters: [], result: "pointer" },
  });
  const places = WORDS + TOGETHER.length;
  const spent = new BigInt64Array(memoryAt(gil_spent(), 8 * THREADS * places));
  return {
    engine: openEngine(kernels, threads),
    look() {
      const now = spent.slice(0, threads * places);
      const of = (thread: number, place: number) => Number(now[thread * places + place]) / 1e6;
      return {
        at(place) {
          let sum = 0;
          for (let thread = 0; thread < threads; thread++) sum += of(thread, place);
          return sum;
        },
        together: (what) => of(0, WORDS + TOGETHER.indexOf(what)),
      };
    },
  };
}
