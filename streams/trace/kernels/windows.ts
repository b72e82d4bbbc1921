/**
 * Windows that slide over rows and columns: what convolutions and pools read, and the way back.
 *
 * A window's elements are read as slices, one for each place in the window; a convolution is then a
 * product of matrices, which on ONNX Runtime is as fast as `Conv` and up to three times as fast as
 * `ConvTranspose` and as a convolution by the gradient.
 *
 * @module
 */

import type { backend_util } from "@tensorflow/tfjs";
import type { GraphBuilder } from "../graph.ts";
import { type Traced, uniform } from "../traced.ts";
import { binary } from "./binary.ts";
import { concat, padded, reshape, slice } from "./shape.ts";

/** How windows lie along one axis. */
interface Steps {
  /** Elements along the axis. */
  readonly length: number;
  /** Windows along the axis. */
  readonly windows: number;
  /** Places in a window, this far apart. */
  readonly places: number;
  readonly dilation: number;
  /** From one window to the next. */
  readonly stride: number;
  /** Padding before the first element, and after the last. */
  readonly before: number;
  readonly after: number;
}

/** How windows lie over rows and columns. */
export interface Sliding {
  readonly rows: Steps;
  readonly columns: Steps;
}

/** What tfjs says about a convolution or pool over tensors with channels last. */
export function slidingOf(info: backend_util.Conv2DInfo): Sliding {
  const steps = (axis: Omit<Steps, "after">): Steps => {
    const { windows, places, dilation, stride, before, length } = axis;
    const end = (windows - 1) * stride + (places - 1) * dilation + 1;
    return { ...axis, after: Math.max(0, end - before - length) };
  };
  return {
    rows: steps({
      length: info.inHeight,
      windows: info.outHeight,
      places: info.filterHeight,
      dilation: info.dilationHeight,
      stride: info.strideHeight,
      before: info.padInfo.top,
    }),
    columns: steps({
      length: info.inWidth,
      windows: info.outWidth,
      places: info.filterWidth,
      dilation: info.dilationWidth,
      stride: info.strideWidth,
      before: info.padInfo.left,
    }),
  };
}

/**
 * For each place in the window, row by row, what stands there in every window: cells × rows of
 * windows × columns of windows × channels.
 *
 * @param x Cells × rows × columns × channels.
 * @param beyond What stands outside of `x`.
 */
export function windowsOf(
  graph: GraphBuilder,
  x: Traced,
  { rows, columns }: Sliding,
  beyond = 0,
): Traced[] {
  const [cells, , , channels] = x.shape;
  const around = [[0, 0], [rows.before, rows.after], [columns.before, columns.after], [0, 0]];
  const framed = padded(graph, x, around, beyond);
  return placesOf(rows).flatMap((row) =>
    placesOf(columns).map((column) =>
      slice(graph, framed, {
        begin: [0, row, column, 0],
        size: [cells, rows.windows, columns.windows, channels],
        strides: [1, rows.stride, columns.stride, 1],
      })
    )
  );
}

/** The way back: adds up, for each element, what the windows say that hold it. */
export function unwindow(
  graph: GraphBuilder,
  parts: readonly Traced[],
  { rows, columns }: Sliding,
): Traced {
  const lines = Array.from({ length: rows.places }, (_, row) => {
    const line = parts.slice(row * columns.places, (row + 1) * columns.places);
    return spread(graph, line, columns, 2);
  });
  return spread(graph, lines, rows, 1);
}

/** How many elements each window holds, padding left out: rows × columns of windows, row-major. */
export function counts({ rows, columns }: Sliding): number[] {
  const along = (steps: Steps) =>
    Array.from(
      { length: steps.windows },
      (_, window) =>
        placesOf(steps).map((place) => window * steps.stride + place - steps.before)
          .filter((at) => at >= 0 && at < steps.length).length,
    );
  const across = along(columns);
  return along(rows).flatMap((down) => across.map((count) => down * count));
}

const placesOf = ({ places, dilation }: Steps): number[] =>
  Array.from({ length: places }, (_, place) => place * dilation);

/**
 * Adds up the windows' places along one axis. Places a whole number of strides apart meet at the
 * same elements; those sums, one for each remainder, interlock.
 */
function spread(
  graph: GraphBuilder,
  parts: readonly Traced[],
  steps: Steps,
  axis: number,
): Traced {
  const { length, windows, stride, before, after } = steps;
  const rounds = Math.ceil((before + length + after) / stride), places = placesOf(steps);
  const { shape } = parts[0];
  const sums = Array.from({ length: stride }, (_, remainder) =>
    places.flatMap((place, i) => {
      if (place % stride !== remainder) return [];
      const late = (place - remainder) / stride;
      const around = shape.map((_, at) => at === axis ? [late, rounds - windows - late] : [0, 0]);
      return [padded(graph, parts[i], around, 0)];
    }).reduce((a, b) => binary(graph, "Add", a, b), uniform(0, shape.with(axis, rounds))));
  const column = shape.with(axis, rounds).toSpliced(axis + 1, 0, 1);
  const interlocked = concat(graph, sums.map((sum) => reshape(graph, sum, column)), axis + 1);
  return slice(graph, reshape(graph, interlocked, shape.with(axis, rounds * stride)), {
    begin: shape.map((_, at) => at === axis ? before : 0),
    size: shape.with(axis, length),
  });
}
