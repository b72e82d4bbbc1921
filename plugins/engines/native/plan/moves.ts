/**
 * Operators that move elements, by strides or by index.
 *
 * @module
 */

import { codeOf } from "../codes.ts";
import { broadcast, collapsed, repeating, sizeOf, stridesOf, wordsOf } from "./axes.ts";
import { bitsOf } from "./elementwise.ts";
import { BYTES, type Lower, type Planner, type Value } from "./planner.ts";

/** Copies elements of `from` to `to`; places and strides in elements. */
function copy(
  plan: Planner,
  { from, to, lengths, read, write = stridesOf(lengths), begin = 0, end = 0 }: {
    readonly from: Value;
    readonly to: Value;
    readonly lengths: readonly number[];
    readonly read: readonly number[];
    readonly write?: readonly number[];
    /** The first place in `from`, and in `to`. */
    readonly begin?: number;
    readonly end?: number;
  },
): void {
  if (sizeOf(lengths) === 0) return;
  const nest = collapsed({ lengths, strides: [read, write] });
  plan.step({
    op: "copy",
    words: [
      { memory: to.name },
      { memory: from.name },
      BYTES[to.type],
      end,
      begin,
      ...wordsOf(nest),
    ],
    reads: [from.name],
    writes: [to.name],
  });
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, x, i) => sum + x * b[i], 0);

const reshape: Lower = (plan, { inputs: [x, shape], outputs: [name] }) =>
  plan.rename(name, plan.read(x).name, plan.numbers(shape));

const transpose: Lower = (plan, { inputs, outputs: [name], attributes }) => {
  const from = plan.read(inputs[0]), perm = attributes.perm as readonly number[];
  const lengths = perm.map((axis) => from.shape[axis]), strides = stridesOf(from.shape);
  const to = plan.make(name, from.type, lengths);
  copy(plan, { from, to, lengths, read: perm.map((axis) => strides[axis]) });
};

const slice: Lower = (plan, { inputs: [x, ...rest], outputs: [name] }) => {
  const from = plan.read(x), [starts, ends, axes, steps] = rest.map(plan.numbers);
  const lengths = [...from.shape], strides = stridesOf(from.shape), read = [...strides];
  let begin = 0;
  axes.forEach((axis, i) => {
    const length = from.shape[axis], step = steps[i], start = Math.min(starts[i], length);
    const end = step > 0 ? Math.min(ends[i], length) : Math.max(ends[i], -1);
    lengths[axis] = Math.max(0, Math.ceil((end - start) / step));
    read[axis] = strides[axis] * step;
    begin += strides[axis] * start;
  });
  copy(plan, { from, to: plan.make(name, from.type, lengths), lengths, read, begin });
};

const concat: Lower = (plan, { inputs, outputs: [name], attributes }) => {
  const parts = inputs.map(plan.read), axis = Number(attributes.axis);
  const length = parts.reduce((sum, { shape }) => sum + shape[axis], 0);
  const shape = parts[0].shape.with(axis, length), write = stridesOf(shape);
  const to = plan.make(name, parts[0].type, shape);
  let at = 0;
  for (const from of parts) {
    const read = stridesOf(from.shape), end = at * write[axis];
    copy(plan, { from, to, lengths: from.shape, read, write, end });
    at += from.shape[axis];
  }
};

const split: Lower = (plan, { inputs: [x, sizes], outputs, attributes }) => {
  const from = plan.read(x), axis = Number(attributes.axis), read = stridesOf(from.shape);
  let at = 0;
  plan.numbers(sizes).forEach((size, i) => {
    const lengths = from.shape.with(axis, size), begin = at * read[axis];
    copy(plan, { from, to: plan.make(outputs[i], from.type, lengths), lengths, read, begin });
    at += size;
  });
};

const expand: Lower = (plan, { inputs: [x, shape], outputs: [name] }) => {
  const from = plan.read(x), lengths = broadcast(from.shape, plan.numbers(shape));
  const read = repeating(from.shape, lengths);
  copy(plan, { from, to: plan.make(name, from.type, lengths), lengths, read });
};

const tile: Lower = (plan, { inputs: [x, times], outputs: [name] }) => {
  const from = plan.read(x), repeats = plan.numbers(times), strides = stridesOf(from.shape);
  const shape = from.shape.map((length, axis) => length * repeats[axis]);
  const lengths = from.shape.flatMap((length, axis) => [repeats[axis], length]);
  const read = strides.flatMap((stride) => [0, stride]);
  copy(plan, { from, to: plan.make(name, from.type, shape), lengths, read });
};

const pad: Lower = (plan, { inputs: [x, pads, value], outputs: [name] }) => {
  const from = plan.read(x), around = plan.numbers(pads), rank = from.shape.length;
  const shape = from.shape.map((length, axis) => length + around[axis] + around[axis + rank]);
  const to = plan.make(name, from.type, shape), write = stridesOf(shape);
  const [number] = plan.numbers(value);
  const bits = from.type === "float32" ? bitsOf(number) : number;
  plan.step({
    op: "fill",
    words: [{ memory: name }, BYTES[from.type], sizeOf(shape), bits],
    reads: [],
    writes: [name],
  });
  const end = dot(around.slice(0, rank), write);
  copy(plan, { from, to, lengths: from.shape, read: stridesOf(from.shape), write, end });
};

const gather: Lower = (plan, { inputs, outputs: [name], attributes }) => {
  const [table, ids] = inputs.map(plan.read), axis = Number(attributes.axis);
  const before = table.shape.slice(0, axis), behind = table.shape.slice(axis + 1);
  plan.make(name, table.type, [...before, ...ids.shape, ...behind]);
  plan.step({
    op: "gather",
    words: [
      ...[name, table.name, ids.name].map((memory) => ({ memory })),
      BYTES[table.type],
      sizeOf(before),
      table.shape[axis],
      sizeOf(behind),
      sizeOf(ids.shape),
    ],
    reads: [table.name, ids.name],
    writes: [name],
  });
};

const gatherMany: Lower = (plan, { inputs, outputs: [name], attributes }) => {
  const [table, ids] = inputs.map(plan.read), batch = Number(attributes.batch_dims ?? 0);
  const depth = ids.shape.at(-1) ?? 1, behind = table.shape.slice(batch + depth);
  plan.make(name, table.type, [...ids.shape.slice(0, -1), ...behind]);
  plan.step({
    op: "gatherMany",
    words: [
      ...[name, table.name, ids.name].map((memory) => ({ memory })),
      BYTES[table.type],
      sizeOf(table.shape.slice(0, batch)),
      sizeOf(ids.shape.slice(batch, -1)),
      depth,
      sizeOf(behind),
      ...table.shape.slice(batch, batch + depth),
    ],
    reads: [table.name, ids.name],
    writes: [name],
  });
};

/** Sums along the first axis; every element has its id. */
const scatterElements: Lower = (plan, { inputs, outputs: [name] }) => {
  const [from, ids, rows] = inputs.map(plan.read);
  const to = plan.make(name, from.type, from.shape);
  copy(plan, { from, to, lengths: from.shape, read: stridesOf(from.shape) });
  plan.step({
    op: "scatterAdd",
    words: [
      ...[name, ids.name, rows.name].map((memory) => ({ memory })),
      codeOf("TYPE", from.type),
      from.shape[0],
      rows.shape[0],
      sizeOf(rows.shape.slice(1)),
    ],
    reads: [ids.name, rows.name],
    writes: [name],
  });
};

const range: Lower = (plan, { inputs, outputs: [name] }) => {
  const [start, stop, step] = inputs.map((input) => plan.numbers(input)[0]);
  const length = Math.max(0, Math.ceil((stop - start) / step));
  const numbers = Array.from({ length }, (_, i) => start + i * step);
  plan.constant(name, plan.read(inputs[0]).type, [length], numbers);
};

/** Rules by operator. */
export const moves: Readonly<Record<string, Lower>> = {
  Reshape: reshape,
  Transpose: transpose,
  Slice: slice,
  Concat: concat,
  Split: split,
  Expand: expand,
  Tile: tile,
  Pad: pad,
  Gather: gather,
  GatherND: gatherMany,
  ScatterElements: scatterElements,
  Range: range,
};
