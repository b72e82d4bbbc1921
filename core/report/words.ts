/**
 * What the numbers of a run say, in sentences that claim no more than the seeds carry.
 *
 * A difference is claimed when its 95 % interval over seeds leaves zero out; methods are compared
 * seed by seed. The intervals are not corrected for there being several, and cover training alone: the
 * seeds share one split of genes and cells, and one set of genes and masks to be asked about.
 *
 * @example Read what a run has found from the file that it left
 * ```ts ignore
 * import { decodeEvents, resultsOf, wordsOf } from "gil";
 * import { readFileSync } from "node:fs";
 *
 * const events = decodeEvents(readFileSync("runs/mine/events.jsonl", "utf8"));
 * for (const sentence of wordsOf(resultsOf(events)!)) console.log(sentence);
 * ```
 *
 * @module
 */

import { type Comparison, type Difference, type Findings, findingsOf } from "./findings.ts";
import type { Results } from "./results.ts";
import { decimal, digitsFor, signed } from "./tables/cells.ts";
import { capital } from "./wrap.ts";

/** Evaluator by evaluator: whether the reference method forgets, who prevents it, at what price. */
export function wordsOf(results: Results): string[] {
  const findings = findingsOf(results);
  if (findings.length > 0) return findings.flatMap(sentences);
  return [
    results.run.stages.length < 3
      ? "There is one gene stage only, so nothing could be forgotten."
      : "No method was judged both after a stage and after the last one, so nothing is known " +
        "about forgetting.",
  ];
}

function sentences(found: Findings): string[] {
  const digits = digitsFor([found.learned, found.end]);
  return [
    forgetting(found, digits),
    ...found.others.flatMap((other) => [
      sparing(found, other, digits),
      ...price(found, other, digits),
    ]),
  ];
}

function forgetting(found: Findings, digits: number): string {
  const { evaluator, reference, sets, learned, end, forgotten } = found;
  const score = `its ${evaluator.name} on ${genesOf(sets)}`;
  const course = `from ${decimal(learned, digits)} to ${decimal(end, digits)}`;
  const direction = evaluator.better === "lower" ? 1 : -1;
  const change = signed(direction * forgotten.mean, digits);
  const evidence = evidenceOf(scaled(forgotten, direction), digits);
  const agree = agreeing(forgotten, forgotten.mean < 0 ? "better" : "worse");
  const name = capital(reference);
  if (forgotten.mean === 0) {
    return `${name}: ${score} is as it was (${decimal(end, digits)}, ${over(forgotten)}).`;
  }
  if (forgotten.verdict === "more") {
    return `${name} forgets: ${score} went ${course} (${change}, ${evidence}; ${agree}).`;
  }
  if (forgotten.verdict === "less") {
    return `${name} does not forget: ${score} got better, ${course} ` +
      `(${change}, ${evidence}; ${agree}).`;
  }
  if (forgotten.seeds === 1) {
    return `${name}: ${score} went ${course} (${change}) with the one seed that was run.`;
  }
  return `${name}: ${score} went ${course}, which ${forgotten.seeds} seeds cannot tell from chance ` +
    `(${change}, ${evidence}; ${agree}).`;
}

/**
 * How a method's change compares with the reference's. Without a clear loss to prevent it is only told
 * which of the two is the better: a score may have risen with both.
 */
function sparing(found: Findings, { method, spared, share }: Comparison, digits: number): string {
  const amount = decimal(Math.abs(spared.mean), digits);
  if (spared.verdict === "more" && found.forgotten.verdict === "more") {
    return `${capital(method)} prevented ${shareInWords(share)} of that ` +
      `(${amount} less, ${evidenceOf(spared, digits)}; ${agreeing(spared, "less")}).`;
  }
  if (spared.mean === 0) {
    return `With ${method} the ${found.evaluator.name} changed as with ` +
      `${found.reference} (${over(spared)}).`;
  }
  const word = spared.mean < 0 ? "worse" : "better";
  const oriented = spared.mean < 0 ? scaled(spared, -1) : spared;
  const evidence = `${evidenceOf(oriented, digits)}; ${agreeing(spared, word)}`;
  const sentence = `With ${method} the change of the ${found.evaluator.name} was ${word} by ` +
    `${amount} than with ${found.reference}`;
  if (spared.verdict !== "unclear") return `${sentence} (${evidence}).`;
  if (spared.seeds === 1) return `${sentence}, with the one seed that was run.`;
  return `${sentence}, which ${spared.seeds} seeds cannot tell from chance (${evidence}).`;
}

/** What a method paid, or gained, on the genes that came last; silent where that is unclear. */
function price(found: Findings, { method, price }: Comparison, digits: number): string[] {
  if (price === undefined || price.verdict === "unclear") return [];
  const word = price.verdict === "more" ? "worse" : "better";
  const oriented = price.verdict === "more" ? price : scaled(price, -1);
  return [
    `On the genes that came last ${method} ended ${word} than ${found.reference} ` +
    `(${found.evaluator.name} ${word} by ${decimal(oriented.mean, digits)}, ` +
    `${evidenceOf(oriented, digits)}; ${agreeing(price, word)}).`,
  ];
}

const evidenceOf = ({ interval }: Difference, digits: number): string =>
  `95 % interval ${decimal(interval.from, digits)} to ${decimal(interval.to, digits)}`;

const over = ({ seeds }: Difference): string =>
  seeds === 1 ? "with the one seed that was run" : `on average over ${seeds} seeds`;

const agreeing = ({ agree, seeds }: Difference, word: string): string =>
  `${word} in ${agree} of ${seeds} seeds`;

/** A share that is clearly above zero. */
function shareInWords(share: number): string {
  if (share >= 0.995) return "all";
  return share < 0.005 ? "less than 1 %" : `${Math.round(100 * share)} %`;
}

function genesOf(sets: readonly string[]): string {
  if (sets.length > 3) return `the genes of the ${sets.length} earlier stages`;
  return `the ${new Intl.ListFormat("en", { type: "conjunction" }).format(sets)} genes`;
}

/** The same difference with the other sign, or in another direction. */
function scaled(difference: Difference, sign: number): Difference {
  if (sign > 0) return difference;
  const { from, to } = difference.interval;
  return { ...difference, mean: -difference.mean, interval: { from: -to, to: -from } };
}
