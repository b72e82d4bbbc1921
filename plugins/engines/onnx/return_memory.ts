import { graphBuilder } from "../../../streams/trace/graph.ts";
import { allocateBlock, tensorAt } from "./memory.ts";
import type { Runtime } from "./runtime.ts";
import { openSession } from "./session.ts";

/** Gives the memory of earlier runs back to the system, as far as no run is under way in it. */
export async function returnMemory(runtime: Runtime): Promise<void> {
  // ONNX Runtime does so at the end of a run that asks for it: this one copies a number.
  const graph = graphBuilder(), number = { dtype: "float32", shape: [] } as const;
  graph.output({ name: "after", ...number }, graph.input({ name: "before", ...number }));
  const session = await openSession(runtime, graph.build(), { threads: 1, memory: "return" });
  const block = allocateBlock(runtime, 8);
  const [before, after] = [0n, 4n].map((at) => tensorAt(runtime, block.address + at, number));
  const binding = session.bind(new Map([["before", before]]), new Map([["after", after]]));
  await binding.run();
  for (const each of [binding, before, after, block, session]) each.free();
}
