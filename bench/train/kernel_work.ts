/**
 * What the instructions of a plan are, and how much they compute: read from the plan's words.
 *
 * @module
 */

import { type Code, nameOf } from "../../plugins/engines/native/codes.ts";
import type { Plan } from "../../plugins/engines/native/plan/plan.ts";

/** An instruction of a plan. */
export interface Instruction {
  /** Words before it. */
  readonly place: number;
  readonly kernel: string;
  /** Floating-point operations in its products; 0 for kernels without any. */
  readonly operations: number;
}

/** The instructions of a plan, in order. */
export function instructionsOf({ words }: Pick<Plan, "words">): Instruction[] {
  const all: Instruction[] = [];
  for (let place = 0; place < words.length; place += 2 + words[place + 1]) {
    const own = words.subarray(place + 2, place + 2 + words[place + 1]);
    const op = nameOf("OP", words[place]);
    all.push({ place, kernel: kernelOf(op, own), operations: operationsIn(op, own) });
  }
  return all;
}

/** The kernel by name; products by which of a layer's three they are, maps by their operation. */
function kernelOf(op: Code<"OP">, w: Int32Array): string {
  if (op === "product") return w[9] ? "product A'B: dW" : w[10] ? "product AB': dX" : "product AB";
  if (op === "mapOne") return `map ${nameOf("ONE", w[4])}`;
  if (op === "mapTwo") return `map ${nameOf("TWO", w[6])}`;
  return op;
}

/** Two operations a multiplication; those of attention's backward pass make the scores once more. */
function operationsIn(op: Code<"OP">, w: Int32Array): number {
  switch (op) {
    case "linear":
      return 2 * w[8] * w[9] * w[10];
    case "product":
      return 2 * w[6] * w[7] * w[8] * w.subarray(15, 15 + w[14]).reduce((a, b) => a * b, 1);
    case "attention":
      return 2 * 2 * w[8] ** 2 * w[9] * w[10] * w[14];
    case "attentionGradient":
      return 5 * 2 * w[12] ** 2 * w[13] * w[14] * w[18];
    default:
      return 0;
  }
}
