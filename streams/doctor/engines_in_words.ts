/**
 * What was found of the engines, as lines to read.
 *
 * @module
 */

import { wrap } from "../../core/report/wrap.ts";
import type { Finding } from "./examine.ts";

/** A line an engine: speed, exactness, what it is, or what would bring it. */
export function enginesInWords(findings: readonly Finding[], columns: number): string[] {
  const width = Math.max("engine".length, ...findings.map(({ id }) => id.length));
  const row = (...[id, speed, apart, rest]: readonly string[]) => {
    const line = `${id.padEnd(width)}  ${speed.padStart(7)}  ${apart.padStart(10)}  `;
    // Beneath a column that leaves too little room, words go on beneath the first.
    return wrap(line + rest, 2 * line.length < columns ? line.length : 2, columns);
  };
  const chosen = findings.find((found) => found.available && found.chosen);
  return [
    ...row("engine", "cells/s", "difference", "what it is"),
    ...findings.flatMap((found) =>
      found.available
        ? row(found.id, figure(found.speed), found.difference.toExponential(0), verdict(found))
        : row(found.id, "–", "–", found.reason)
    ),
    "",
    ...wrap(
      "Cells a second that a small transformer (2 layers of 32, 33 positions) learns from; " +
        "difference of its gradients from plain JavaScript's, as a share of their size." +
        (chosen ? ` Where an experiment names no engine, "${chosen.id}" computes.` : ""),
      0,
      columns,
    ),
  ];
}

const figure = (speed: number): string => Math.round(speed).toLocaleString("en");

function verdict({ name, device, agrees }: Extract<Finding, { available: true }>): string {
  const where = device === "processor" ? name : `${name} on ${device}`;
  return agrees ? where : `${where}: computes something else, do not use it`;
}
