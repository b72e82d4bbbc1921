/**
 * How well an atlas is mixed, as lines to read.
 *
 * @module
 */

import { wrap } from "../../core/report/wrap.ts";
import { count, counted } from "./figures.ts";
import { MIXED, type OrderReport } from "./order_of.ts";

/** A table of entropies, then what they mean, in lines of at most `columns` characters. */
export function orderInWords(report: OrderReport, columns: number): string[] {
  const { label, batch, categories, block, window, drawn, stored } = report;
  const rows = [
    ["read at random", bits(drawn.entropy), percent(drawn.share)],
    ["read as stored", bits(stored.entropy), percent(stored.share)],
    ["truly random", bits(drawn.random), drawn.random > 0 ? percent(1) : "–"],
  ];
  return [
    ...wrap(
      `Entropy of "${label}" (${counted(categories, "category", "categories")}) in batches of ` +
        `${counted(batch, "cell")}, in bits`,
      2,
      columns,
    ),
    ...rows.map(([name, entropy, share]) =>
      `  ${name.padEnd(16)}${entropy.padStart(6)}${share.padStart(8)}`
    ),
    ...wrap(
      `At random: blocks of ${count(block)} from the whole atlas, ${count(window)} cells at a time`,
      2,
      columns,
    ),
    ...wrap(verdict(report), 2, columns),
  ];
}

function verdict({ label, drawn, stored, better, window, block }: OrderReport): string {
  if (drawn.random === 0) return `There is nothing to mix: batches have one category of "${label}"`;
  if (drawn.share >= MIXED) {
    return stored.share >= MIXED
      ? "Batches are mixed, and would be if they were read as stored"
      : "Batches are mixed";
  }
  const remedy = !better
    ? "import the atlas shuffled"
    : `${flags(better, { window, block })} would reach ${percent(better.share)}, and so would ` +
      "importing the atlas shuffled";
  return `Batches are badly mixed, below ${percent(MIXED)}: ${remedy}`;
}

const flags = (
  better: { readonly window: number; readonly block: number },
  { window, block }: { readonly window: number; readonly block: number },
): string =>
  [
    ...(better.block === block ? [] : [`--block ${better.block}`]),
    ...(better.window === window ? [] : [`--window ${better.window}`]),
  ].join(" ");

const bits = (entropy: number): string => entropy.toFixed(2);
/** A share in whole percent, never more than it is: 89.9 % is not 90. */
const percent = (share: number): string => `${Math.floor(100 * share + 1e-9)} %`;
