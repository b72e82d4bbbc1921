/**
 * How many cells at a time a model of this size is trained with in the memory there is.
 *
 * @module
 */

import process from "node:process";
import type { Architecture, Shape } from "../../core/model/architecture.ts";
import { InputError } from "../../core/errors.ts";
import { learningProgram } from "../../core/model/objective.ts";
import { type Engine, layoutOf } from "../../core/model/program.ts";
import { bytesInWords } from "../../core/report/amount_of_memory.ts";

export { bytesInWords, bytesOf } from "../../core/report/amount_of_memory.ts";

/** What has to fit. */
export interface Load {
  readonly engine: Engine;
  readonly architecture: Architecture;
  readonly shape: Shape;
  /** Cells of a batch. */
  readonly batch: number;
  /** Bytes, for all models that are trained side by side. */
  readonly memory: number;
  /** Models that are trained side by side. */
  readonly sides: number;
  /** Cells at a time, if that is not left to memory. */
  readonly microBatch: number | null;
}

/** What fits. */
export interface Fit {
  /** Cells that one run of a program takes. */
  readonly cells: number;
  /** What is said when memory decided it, as a sentence. */
  readonly note?: string;
}

const FLOAT = 4;
/** Buffers of a model and of the copy that a method trains, of four each, and the teacher's weights. */
const BUFFERS = 4 + 4 + 1;

/** Bytes that this machine has free for the process. */
export const freeMemory = (): number =>
  Math.min(process.availableMemory(), process.constrainedMemory() || Infinity);

/**
 * The cells that are worked off together: as many as keep the attention scores of one head in 8 MB
 * (more at once is no faster), fewer where memory is short; the whole batch where cells influence
 * each other.
 *
 * @throws InputError when not even one cell fits.
 */
export function fit({ engine, architecture, shape, batch, memory, sides, ...asked }: Load): Fit {
  const layout = layoutOf(architecture.weights), alone = architecture.mixes === "cell";
  const states = BUFFERS * FLOAT * layout.size;
  const wished = asked.microBatch ?? (alone ? microBatch(batch, shape.length) : batch);
  const bytes = (cells: number) =>
    sides * (states + engine.estimate(learningProgram(architecture, { ...shape, cells }), layout));
  const least = asked.microBatch ?? 1;
  let cells = wished;
  while (cells > least && bytes(cells) > memory) cells = Math.floor(cells / 2);
  const needed = bytes(cells);
  if (needed > memory) {
    throw new InputError({
      message:
        `Cannot train with ${bytesInWords(memory)} of memory: the model and ${
          counted(cells, "cell")
        } ` +
        `of ${shape.length} positions take about ${bytesInWords(needed)}` +
        `${sides > 1 ? ` for ${sides} seeds side by side` : ""}; allow more, or make "length" or ` +
        `the model smaller`,
    });
  }
  if (cells === wished) return { cells };
  const most = alone ? "" : ", whose statistics stand for those of the batch";
  return {
    cells,
    note: `${counted(cells, "cell")} at a time instead of ${wished}${most}, ` +
      `to stay within ${bytesInWords(memory)} of memory`,
  };
}

const counted = (n: number, noun: string): string =>
  `${n === 1 ? "one" : n} ${noun}${n === 1 ? "" : "s"}`;

/** Cells at a time where memory is plenty and each cell is treated alone: parts of equal size. */
export function microBatch(batch: number, length: number): number {
  const most = Math.max(1, Math.floor(2 ** 21 / length ** 2));
  return Math.ceil(batch / Math.ceil(batch / most));
}
