/**
 * The engine on ONNX Runtime.
 *
 * @module
 */

import type { Engine } from "../../../core/model/program.ts";
import { wrongGradient } from "../../../streams/engine/off_thread/buffers.ts";
import { offThreadEngine } from "../../../streams/engine/off_thread/engine.ts";
import { bytesOf } from "../../../streams/trace/estimate.ts";
import { trace } from "../../../streams/trace/trace.ts";
import type { Kernels } from "../../../streams/trace/traced.ts";
import { compositeKernels } from "./composites.ts";
import { compileProgram } from "./compiled.ts";
import { type BoundOptimiser, openOptimiser } from "./optimiser.ts";
import { returnMemory } from "./return_memory.ts";
import type { Runtime } from "./runtime.ts";
import { openScratch } from "./scratch.ts";
import { allocateState, type NativeState } from "./state.ts";

/** What ONNX Runtime's memory comes to for each byte that is in use at once: pieces of other sizes are left over. */
const ARENA = 1.35;

/** Opens an engine that runs on `threads` threads. */
export async function openEngine(
  runtime: Runtime,
  threads: number,
  composites: Kernels = compositeKernels(),
): Promise<Engine> {
  const optimiser = await openOptimiser(runtime, threads), scratch = openScratch(runtime);
  const optimisers = new Map<NativeState, BoundOptimiser>();

  return offThreadEngine({
    name: `onnx (fp32, ${threads} ${threads === 1 ? "thread" : "threads"})`,
    precision: "fp32",
    device: "processor",
    threads,
    estimate(program, layout) {
      const { graph, roles } = trace(program, layout, composites);
      return ARENA * bytesOf(graph, roles, "reused");
    },
    allocate: (layout, use) => allocateState(runtime, layout, use),
    compile: (program, layout) =>
      compileProgram({ runtime, threads, composites, scratch }, program, layout),
    async optimise(memory, step) {
      const bound = optimisers.get(memory) ?? optimiser.bind(memory);
      optimisers.set(memory, bound);
      if (!await bound.isFinite()) throw new Error(wrongGradient(memory));
      await bound.step(step);
      memory.arrays.gradients.fill(0);
    },
    forget(memory) {
      optimisers.get(memory)?.free();
      optimisers.delete(memory);
    },
    close() {
      optimiser.free();
      scratch.free();
      return returnMemory(runtime);
    },
  });
}
