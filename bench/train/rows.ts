/**
 * What the figures say: rates, shares and ratios, and whether the programs did the same work.
 *
 * @module
 */

import { type Measured, median, type Outcome } from "./measure.ts";
import type { Program } from "./programs.ts";
import { EDGE, operationsOf, type Size } from "./sizes.ts";

/** Multiplications of large matrices by a program. */
export interface ProductRate {
  readonly program: Program;
  readonly device: string;
  /** Operations a second, median of the rounds. */
  readonly rate: number;
}

/** A program on a size. */
export interface Row {
  readonly size: string;
  readonly program: string;
  /** What it calls itself; why there are no figures where it has none. */
  readonly name: string;
  readonly figures: Figures | undefined;
}

/** The figures of a row. */
export interface Figures {
  /** Milliseconds of a step: median over the rounds, least and most. */
  readonly milliseconds: readonly [median: number, least: number, most: number];
  readonly rounds: number;
  readonly cellsPerSecond: number;
  /** Operations in matrix products a second. */
  readonly rate: number;
  /** Of the best rate that any program reached in this precision on this device. */
  readonly share: number | undefined;
  /** How many times as fast as PyTorch's best in fp32. */
  readonly timesTorch: number | undefined;
  /** Most bytes in memory. */
  readonly peak: number;
  readonly losses: readonly [first: number, last: number];
  /** What is wrong with the losses; empty when nothing is. */
  readonly doubts: string;
}

/** The rate of a program that multiplied matrices. */
export function productRate(program: Program, outcome: Outcome): ProductRate | undefined {
  if ("absent" in outcome) return undefined;
  const { device, times } = outcome, operations = 2 * EDGE[program.precision] ** 3;
  return { program, device, rate: operations / median(times) * 1e3 };
}

/** What was measured on a size. */
export interface Results {
  readonly programs: readonly Program[];
  /** Of each program, in their order. */
  readonly outcomes: readonly Outcome[];
  readonly products: readonly ProductRate[];
}

/** The rows of a size. */
export function rowsOf(size: Size, { programs, outcomes, products }: Results): Row[] {
  const torch = programs.flatMap(({ torch, precision }, i) => {
    const outcome = outcomes[i];
    return torch && precision === "fp32" && !("absent" in outcome) ? [median(outcome.times)] : [];
  });
  const reference = outcomes.find((outcome) => "times" in outcome);
  return programs.map((program, i) => {
    const outcome = outcomes[i], { name } = program;
    if ("absent" in outcome || !reference) {
      const why = "absent" in outcome ? outcome.absent : "";
      return { size: size.name, program: name, name: why, figures: undefined };
    }
    const time = median(outcome.times), rate = operationsOf(size) / time * 1e3;
    const best = products.filter((product) =>
      product.program.precision === program.precision && product.device === outcome.device
    ).map(({ rate }) => rate);
    const figures = {
      milliseconds: [time, Math.min(...outcome.times), Math.max(...outcome.times)],
      rounds: outcome.times.length,
      cellsPerSecond: size.cells / time * 1e3,
      rate,
      share: best.length ? rate / Math.max(...best) : undefined,
      timesTorch: torch.length ? Math.min(...torch) / time : undefined,
      peak: outcome.peak,
      losses: outcome.losses,
      doubts: doubtsOf(outcome, { reference, size, program }),
    } as const;
    return { size: size.name, program: name, name: outcome.name, figures };
  });
}

/**
 * Why a program may not have done the same work: it has another number of weights, another loss
 * with the same weights on the same batch, or a loss that does not fall.
 */
function doubtsOf(
  { parameters, losses: [first, last] }: Measured,
  { reference, size, program }: {
    readonly reference: Measured;
    readonly size: Size;
    readonly program: Program;
  },
): string {
  const apart = Math.abs(first - reference.losses[0]) / Math.abs(reference.losses[0]);
  const close = program.precision === "bf16" ? 2e-2 : 1e-4;
  const doubts = [
    parameters === reference.parameters ? "" : `${parameters} weights`,
    size.dropout > 0 || apart < close ? "" : `first loss ${first}, not ${reference.losses[0]}`,
    last < first ? "" : `the loss went from ${first} to ${last}`,
  ];
  return doubts.filter((doubt) => doubt !== "").join("; ");
}
