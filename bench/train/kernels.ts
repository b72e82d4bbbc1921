/**
 * Where the time of a step of the native engine goes, kernel by kernel.
 *
 * @module
 */

import { learningProgram } from "../../core/model/objective.ts";
import { type Engine, layoutOf, type Precision } from "../../core/model/program.ts";
import { keyOf } from "../../core/random.ts";
import { planOf } from "../../plugins/engines/native/plan/plan.ts";
import type { Comparison } from "./compare.ts";
import { microBatch } from "../../streams/engine/memory.ts";
import { learner } from "../../streams/learner.ts";
import { batchOf } from "./batch.ts";
import { architectureOf, WEIGHTS } from "./job.ts";
import { instructionsOf } from "./kernel_work.ts";
import { median, type Pace } from "./measure.ts";
import { type Measures, openMeasuring } from "./measuring.ts";
import { programOf } from "./programs.ts";
import { measureProducts } from "./products.ts";
import type { ProductRate } from "./rows.ts";
import type { Size } from "./sizes.ts";
import { short, tableLines } from "./table.ts";

/** What a kernel takes of a step. */
export interface KernelTime {
  readonly kernel: string;
  /** Of a step; 0 where it is not a kernel that is called. */
  readonly calls: number;
  /** Milliseconds of all threads added up, of a step. */
  readonly threadTime: number;
  /** Operations in products, of a step. */
  readonly operations: number;
}

/** A step of a size. */
export interface KernelTimes {
  readonly size: string;
  /** What the engine calls itself. */
  readonly engine: string;
  readonly precision: Precision;
  readonly threads: number;
  /** Milliseconds of a step: median of the rounds. */
  readonly milliseconds: number;
  /** What takes most first; together all time of all threads. */
  readonly kernels: readonly KernelTime[];
}

/** Measures the steps of programs of the native engine, and large products of the same programs. */
export async function compareKernels(
  { sizes, programs, surroundings, pace, folder, tell }: Comparison,
): Promise<{ products: readonly ProductRate[]; kernels: readonly KernelTimes[] }> {
  tell("products of large matrices");
  const job = { size: sizes[0], parameters: 0, slots: [], folder };
  const most = Math.max(...programs.map(({ threads }) => threads));
  const multiplying = surroundings.python ? [...programs, programOf("torch-sdpa", most)] : programs;
  const products = await measureProducts(multiplying, job, { surroundings, pace });
  const kernels: KernelTimes[] = [];
  for (const size of sizes) {
    for (const program of programs) {
      tell(`${size.name} ${program.name}`);
      kernels.push(await measureKernels(size, program, pace));
    }
  }
  return { products, kernels };
}

/** Measures steps of one size for `rounds` blocks of `seconds`. */
async function measureKernels(
  size: Size,
  { threads, precision }: { readonly threads: number; readonly precision: Precision },
  { rounds, seconds }: Pace,
): Promise<KernelTimes> {
  const { engine, look } = await openMeasuring(threads, precision);
  try {
    const adam = { milliseconds: 0 }, step = stepOf(size, watching(engine, adam));
    for (let i = 0; i < 2; i++) await step();
    const times: number[] = [], before = look(), adamBefore = adam.milliseconds;
    for (let round = 0; round < rounds; round++) {
      for (const end = performance.now() + 1000 * seconds; performance.now() < end;) {
        const begun = performance.now();
        await step();
        times.push(performance.now() - begun);
      }
    }
    const after = look(), steps = times.length;
    const parts = {
      cells: size.cells,
      all: times.reduce((a, b) => a + b) / steps,
      adam: (adam.milliseconds - adamBefore) / steps,
      at: (place: number) => (after.at(place) - before.at(place)) / steps,
      together: (what: Parameters<Measures["together"]>[0]) =>
        (after.together(what) - before.together(what)) / steps,
    };
    const kernels = kernelsOf(planFor(size), parts, threads);
    const milliseconds = median(times);
    return { size: size.name, engine: engine.name, precision, threads, milliseconds, kernels };
  } finally {
    await engine.close();
  }
}

/** The engine, and the time that its optimiser takes. */
const watching = (engine: Engine, adam: { milliseconds: number }): Engine => ({
  ...engine,
  async optimise(state, step) {
    const begun = performance.now();
    await engine.optimise(state, step);
    adam.milliseconds += performance.now() - begun;
  },
});

/** Steps of training as the framework makes them. */
function stepOf(size: Size, engine: Engine): () => Promise<unknown> {
  const architecture = architectureOf(size), lessons = [{ tokens: batchOf(size) }];
  const cells = microBatch(size.cells, size.length);
  const model = learner({ engine, architecture, shape: size, cells }).begin(WEIGHTS);
  let step = 0;
  return () => model.learn(lessons, { step, rate: 5e-4, key: keyOf(step++) });
}

function planFor(size: Size) {
  const architecture = architectureOf(size);
  const cells = microBatch(size.cells, size.length);
  const program = learningProgram(architecture, { cells, length: size.length });
  return planOf(program, layoutOf(architecture.weights));
}

/** Milliseconds of a step. */
interface Parts {
  readonly cells: number;
  readonly all: number;
  readonly adam: number;
  at(place: number): number;
  together: Measures["together"];
}

function kernelsOf(plan: ReturnType<typeof planOf>, parts: Parts, threads: number): KernelTime[] {
  const kernels = new Map<string, { calls: number; threadTime: number; operations: number }>();
  let inKernels = 0;
  for (const { place, kernel, operations } of instructionsOf(plan)) {
    const sum = kernels.get(kernel) ?? { calls: 0, threadTime: 0, operations: 0 };
    const threadTime = parts.at(place);
    inKernels += threadTime;
    kernels.set(kernel, {
      calls: sum.calls + parts.cells,
      threadTime: sum.threadTime + threadTime,
      operations: sum.operations + parts.cells * operations,
    });
  }
  const { together, all, adam } = parts;
  const inC = together("cells") + together("clear") + together("scatter") + together("sums");
  const others = {
    "Adam": adam,
    "sums set to zero": together("clear"),
    "sums of chains added": together("sums"),
    "rows added to tables": together("scatter"),
    "waiting for other threads": together("cells") - inKernels / threads,
    "outside of C": all - inC - adam,
  };
  return [
    ...[...kernels].map(([kernel, sums]) => ({ kernel, ...sums })),
    ...Object.entries(others).map(([kernel, time]) => (
      { kernel, calls: 0, threadTime: threads * time, operations: 0 }
    )),
  ].sort((a, b) => b.threadTime - a.threadTime);
}

/** A table a size and program; shares are of the best rate of large products in the same precision. */
export function kernelLines(
  all: readonly KernelTimes[],
  products: readonly ProductRate[],
): string[] {
  const peak = (precision: Precision) =>
    Math.max(...products.map(({ program, rate }) => program.precision === precision ? rate : 0));
  return all.flatMap(({ size, engine, precision, threads, milliseconds, kernels }) => {
    const whole = kernels.reduce((sum, { threadTime }) => sum + threadTime, 0);
    const rows = kernels.map(({ kernel, calls, threadTime, operations }) => {
      // As if all threads did nothing else, to be held against what they reach together.
      const rate = operations / (threadTime / threads / 1000);
      return [
        kernel,
        calls > 0 ? `${calls}` : "",
        short(threadTime),
        `${(100 * threadTime / whole).toFixed(1)} %`,
        operations > 0 ? short(rate / 1e9) : "",
        operations > 0 ? `${Math.round(100 * rate / peak(precision))} %` : "",
      ];
    });
    const head = ["kernel", "calls", "thread-ms a step", "share", "GFLOP/s", "of products"];
    return [
      "",
      `${size}, ${engine}: ${short(milliseconds)} ms a step`,
      "",
      ...tableLines(head, rows, 1),
    ];
  });
}
