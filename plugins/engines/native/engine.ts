/**
 * The engine on kernels of its own.
 *
 * @module
 */

import type { Engine } from "../../../core/model/program.ts";
import { allocateBuffers } from "../../../streams/engine/off_thread/buffers.ts";
import { offThreadEngine } from "../../../streams/engine/off_thread/engine.ts";
import { prepare } from "./compiled.ts";
import type { Kernels } from "./kernels.ts";
import { allocateBlock } from "./library.ts";
import { openOptimiser } from "./optimiser.ts";
import { planOf } from "./plan/plan.ts";
import { planBytes } from "./room.ts";
import { openScratch } from "./scratch.ts";

/** Opens an engine of `threads` threads on compiled kernels. */
export function openEngine(
  { library, level, path, precision = "fp32" }:
    & Pick<Kernels, "library" | "level">
    & Partial<Pick<Kernels, "path" | "precision">>,
  threads: number,
): Engine {
  const pool = library.gil_open(threads);
  if (!pool) throw new Error(`the system has no ${threads} threads to give`);
  const optimiser = openOptimiser(library, pool), scratch = openScratch(library);

  return offThreadEngine({
    name: `native (${precision}, ${level}, ${threads} ${threads === 1 ? "thread" : "threads"})`,
    precision,
    device: "processor",
    threads,
    library: path,
    estimate: (program, layout) => planBytes(planOf(program, layout, precision), threads),
    allocate: (layout, use) =>
      allocateBuffers((bytes) => allocateBlock(library, bytes), layout, use),
    compile: (program, layout) =>
      prepare({ library, pool, threads, scratch }, {
        program,
        layout,
        plan: planOf(program, layout, precision),
      }),
    optimise: optimiser.step,
    close() {
      optimiser.free();
      scratch.free();
      library.gil_close(pool);
    },
  });
}
