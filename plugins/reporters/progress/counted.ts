/**
 * Readings of something that is counted.
 *
 * @module
 */

import { clockTime } from "../../../core/progress.ts";
import type { Reading } from "./gauge.ts";

/** What was counted so far. */
export interface Count {
  readonly done: number;
  readonly total: number;
  /** What is counted: "cells". */
  readonly noun: string;
  /** Seconds since it began. */
  readonly seconds: number;
}

/** "1,024 of 4,096 cells", a bar, and the time that is left. */
export function counted({ done, total, noun, seconds }: Count): Reading {
  const place = `${done.toLocaleString("en")} of ${total.toLocaleString("en")} ${noun}`;
  const left = done > 0 ? `${clockTime(seconds / done * (total - done))} left` : "";
  return {
    done,
    total,
    line(columns, bar) {
      const size = Math.min(30, columns - place.length - left.length - 2);
      return [place, ...(size < 4 ? [] : [bar(size)]), left].join(" ").slice(0, columns);
    },
    plain: () => [place, left].filter((piece) => piece !== "").join(", "),
  };
}
