/**
 * Attention in the operators that ONNX Runtime is quick at, some heads at a time.
 *
 * The reference is the composite `attention`; this differs from it in rounding only. Products whose
 * first matrix is positions × positions and transposed take more than twice as long as others, so
 * the gradients by keys and values are made the other way round. The mask, and what the gradient of
 * the softmax subtracts, ride along in the products as one more column, which saves a pass over
 * positions × positions each. For long rows the gradient makes the weights once more instead of
 * keeping them (Dao et al., "FlashAttention", 2022, section 3.1).
 *
 * @module
 */

import type { GraphBuilder } from "../../../streams/trace/graph.ts";
import { CAST_TO } from "../../../streams/trace/kernels/unary.ts";
import {
  type Inputs,
  type Kernel,
  type Kernels,
  node,
  operand,
  type Traced,
  uniform,
} from "../../../streams/trace/traced.ts";
import { type Heads, type HeadSizes, headsOf } from "./heads.ts";
import { type Matrices, matricesOf, type Range } from "./matrices.ts";

/** Added to the scores of padded keys, as in the reference. */
const NEVER = -1e9;

/** How much of positions × positions is in memory at a time. */
export interface AttentionBudget {
  /** Bytes of the heads that are worked off together; a single head may have more. */
  readonly group: number;
  /** Bytes of all heads of all cells above which the weights are not kept for the gradient. */
  readonly kept: number;
}

/** Kernels of the composite and of its gradient. */
export function attentionKernels(budget: AttentionBudget): Kernels {
  const attention: Kernel = (graph, inputs, { heads }: { readonly heads: number }) => {
    const call = callOf(graph, inputs, heads), { m, sizes } = call;
    const groups = groupsOf(sizes, budget).map((range) => {
      const weighed = weigh(call, range);
      return { ...weighed, out: m.product(weighed.kept, m.slice(call.value, range)) };
    });
    const value = call.ways.fromRows(m.concat(groups.map(({ out }) => out), 0));
    if (isLong(sizes, budget)) return [value];
    return [value, ...groups.flatMap(({ weights, kept }) => [weights, kept])];
  };
  const attentionGradient: Kernel = (graph, inputs, { heads }: { readonly heads: number }) => {
    const call = callOf(graph, inputs, heads), { m, sizes, ways } = call;
    const way = wayBack(call, inputs);
    const groups = groupsOf(sizes, budget).map((range, i) => {
      const weighed = isLong(sizes, budget)
        ? graph.anew(() => weigh(call, range))
        : { weights: inputs[`kept${2 * i}`], kept: inputs[`kept${2 * i + 1}`] };
      return gradientsOf(call, way, { range, ...weighed });
    });
    const [query, key, value] = m.thirds(m.concat(groups, 0));
    return [m.concat([ways.fromRows(query), ways.fromColumns(key), ways.fromColumns(value)], 1)];
  };
  return { attention, attentionGradient };
}

const bytesOf = ({ cells, heads, length }: HeadSizes): number => 4 * cells * heads * length ** 2;

const isLong = (sizes: HeadSizes, { kept }: AttentionBudget): boolean => bytesOf(sizes) > kept;

/** The heads of all cells in groups that are worked off one after the other. */
function groupsOf(sizes: HeadSizes, { group }: AttentionBudget): readonly Range[] {
  const all = sizes.cells * sizes.heads;
  const count = Math.min(all, Math.max(1, Math.floor(group / (4 * sizes.length ** 2))));
  return Array.from({ length: Math.ceil(all / count) }, (_, i) => ({
    from: i * count,
    count: Math.min(count, all - i * count),
  }));
}

/** What forward and backward pass have in common; stacks of one matrix for each head of each cell. */
interface Call {
  readonly m: Matrices;
  readonly sizes: HeadSizes;
  readonly ways: Heads;
  readonly scale: number;
  /** Queries, keys and values, (cells × length) × width each. */
  readonly sides: readonly Traced[];
  /** Queries by row and keys by column, with the mask of padded keys. */
  readonly query: Traced;
  readonly key: Traced;
  /** Values by row, enlarged where dropout enlarges what it keeps. */
  readonly value: Traced;
  readonly ones: Traced;
  readonly dropout?: Dropout;
}

function callOf(graph: GraphBuilder, { projected, padding, keep }: Inputs, heads: number): Call {
  const m = matricesOf(graph), [cells, length] = padding.shape, width = projected.shape[1] / 3;
  const sizes = { cells, length, heads, head: width / heads }, all = cells * heads;
  const ways = headsOf(m, sizes), scale = 1 / Math.sqrt(sizes.head);
  const sides = m.thirds(projected), dropout = keep && dropoutOf(graph, keep, sizes);
  const [query, key, value] = sides;
  // Divided here because the product is multiplied by it.
  const never = m.multiply(m.reshape(padding, [cells, 1, 1, length]), uniform(NEVER / scale, []));
  const everyHead = m.add(never, uniform(0, [cells, heads, 1, length]));
  const rows = ways.rows(value);
  return {
    m,
    sizes,
    ways,
    scale,
    sides,
    query: m.concat([ways.rows(query), uniform(1, [all, length, 1])], 2),
    key: m.concat([ways.columns(key), m.reshape(everyHead, [all, 1, length])], 1),
    value: dropout ? m.multiply(rows, dropout.factor) : rows,
    ones: uniform(1, [all, 1, length]),
    ...(dropout && { dropout }),
  };
}

/** Dropout of attention weights. */
interface Dropout {
  /** 1 kept, 0 dropped; in memory a byte each. */
  readonly bytes: Traced;
  /** What kept weights are multiplied by. */
  readonly factor: Traced;
}

/** The bytes and the factor that `keep` was made from. */
function dropoutOf(graph: GraphBuilder, keep: Traced, sizes: HeadSizes): Dropout {
  const product = graph.producer(operand(graph, keep));
  const cast = product && graph.producer(product.inputs[0]);
  if (product?.op !== "Mul" || cast?.op !== "Cast") {
    throw new RangeError("Cannot trace attention: its dropout must come from noise.keep as it is");
  }
  const { cells, heads, length } = sizes;
  const bytes = node(cast.inputs[0], "bool", keep.shape);
  return {
    bytes: matricesOf(graph).reshape(bytes, [cells * heads, length, length]),
    factor: node(product.inputs[1], "float32", []),
  };
}

/** The weights of a group before and after dropout. */
interface Weighed {
  readonly weights: Traced;
  readonly kept: Traced;
}

function weigh({ m, scale, query, key, dropout }: Call, range: Range): Weighed {
  const scores = m.product(m.slice(query, range), m.slice(key, range), scale);
  const weights = m.apply("Softmax", scores, { axis: 2 });
  return { weights, kept: dropout ? m.multiply(weights, mask(m, dropout, range)) : weights };
}

/** 1 or 0 for each weight of a range. */
const mask = (m: Matrices, { bytes }: Dropout, range: Range): Traced =>
  m.apply("Cast", m.slice(bytes, range), { to: CAST_TO.float32 });

/** What the gradients of all groups are cut from. */
interface WayBack {
  /** Gradients by the output, by row and by column. */
  readonly rows: Traced;
  readonly columns: Traced;
  /** Values by column. */
  readonly values: Traced;
  /** For each query, the sum over its keys of the weights times their gradients. */
  readonly means: Traced;
  readonly keys: Traced;
  readonly queries: Traced;
}

function wayBack({ m, sizes, ways, sides, ones, dropout }: Call, inputs: Inputs): WayBack {
  const { cells, length, heads, head } = sizes, { dy, value } = inputs;
  const each = m.reshape(m.multiply(dy, value), [cells, length, heads, head]);
  const sums = m.transpose(m.sumLast(each), [0, 2, 1, 3]);
  const means = m.reshape(sums, [cells * heads, length, 1]);
  const rows = ways.rows(dy), columns = ways.columns(dy), values = ways.columns(sides[2]);
  const given = {
    means,
    queries: ways.columns(sides[0]),
    keys: ways.rows(sides[1]),
  };
  if (dropout) {
    const enlarged = (x: Traced) => m.multiply(x, dropout.factor);
    return { ...given, rows, columns: enlarged(columns), values: enlarged(values) };
  }
  return {
    ...given,
    rows: m.concat([rows, m.apply("Neg", means)], 2),
    columns,
    values: m.concat([values, ones], 1),
  };
}

/**
 * Gradients by one group's queries, keys and values, side by side: a row for each head of each cell.
 * They leave as one value, so that a group is done with before the next one begins.
 */
function gradientsOf(
  { m, scale, dropout }: Call,
  way: WayBack,
  { range, weights, kept }: Weighed & { readonly range: Range },
): Traced {
  const cut = (side: keyof WayBack) => m.slice(way[side], range);
  const product = m.product(cut("rows"), cut("values"));
  const dScores = dropout
    ? m.subtract(m.multiply(kept, product), m.multiply(weights, cut("means")))
    : m.multiply(weights, product);
  const sides = [
    m.product(dScores, cut("keys"), scale),
    m.product(cut("queries"), dScores, scale),
    m.product(cut("columns"), kept),
  ];
  const size = sides[0].shape[1] * sides[0].shape[2];
  return m.concat(sides.map((side) => m.reshape(side, [range.count, size])), 1);
}
