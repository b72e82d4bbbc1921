/**
 * A linear probe: how much of some labels can be read off frozen embeddings by one linear layer,
 * trained with cross-entropy and Adam.
 *
 * Sums are kept in float64, so that results agree on all machines and engines.
 *
 * @module
 */

import type { Random } from "./random.ts";

/** Embeddings and what is known about them. */
export interface Labelled {
  /** Cells × width, row-major. */
  readonly features: Float32Array;
  readonly width: number;
  /** Class of each cell, from 0. */
  readonly labels: Int32Array;
}

/** The weights of a linear layer. */
export interface ProbeWeights {
  /** Classes × width, row-major. */
  readonly weight: Float64Array;
  /** One number a class. */
  readonly bias: Float64Array;
}

/** A linear layer that learns. */
export interface LinearProbe {
  /** The present weights; later steps change them in place. */
  readonly weights: ProbeWeights;
  /** Makes one step on the cells at `rows`; returns their mean cross-entropy before it, in nats. */
  learn(data: Labelled, rows: Uint32Array): number;
  /** Share of the cells at `rows` that are put into their class; of equal logits the first counts. */
  accuracy(data: Labelled, rows: Uint32Array): number;
}

/** First weights as PyTorch draws them: uniform on ±1/√width, weights before biases. */
export function firstProbeWeights(classes: number, width: number, random: Random): ProbeWeights {
  const bound = 1 / Math.sqrt(width);
  const draw = (n: number) => new Float64Array(n).map(() => bound * (2 * random.uniform() - 1));
  return { weight: draw(classes * width), bias: draw(classes) };
}

/** A probe that starts from `first`, which it copies, and learns by Adam at `rate`. */
export function linearProbe(first: ProbeWeights, rate: number): LinearProbe {
  const classes = first.bias.length, size = first.weight.length;
  // Weights and biases lie in one buffer, so that the optimiser runs over one array.
  const all = new Float64Array(size + classes);
  all.set(first.weight);
  all.set(first.bias, size);
  const weights = { weight: all.subarray(0, size), bias: all.subarray(size) };
  const gradients = new Float64Array(all.length), optimise = adam(all, gradients, rate);
  const logits = new Float64Array(classes);

  return {
    weights,
    learn(data, rows) {
      gradients.fill(0);
      let loss = 0;
      for (let i = 0; i < rows.length; i++) {
        fillLogits(logits, weights, data, rows[i]);
        loss += fillErrors(logits, data.labels[rows[i]], 1 / rows.length);
        addGradients(gradients, logits, data, rows[i]);
      }
      optimise();
      return loss / rows.length;
    },
    accuracy(data, rows) {
      let right = 0;
      for (let i = 0; i < rows.length; i++) {
        fillLogits(logits, weights, data, rows[i]);
        if (indexOfLargest(logits) === data.labels[rows[i]]) right++;
      }
      return right / rows.length;
    },
  };
}

/** Writes the logit of each class for one cell. */
function fillLogits(
  logits: Float64Array,
  { weight, bias }: ProbeWeights,
  { features, width }: Labelled,
  row: number,
): void {
  const from = row * width;
  for (let c = 0, w = 0; c < logits.length; c++) {
    // Four sums at once: a single one waits for each addition before the next.
    let a = bias[c], b = 0, d = 0, e = 0, j = 0;
    for (; j + 3 < width; j += 4, w += 4) {
      a += weight[w] * features[from + j];
      b += weight[w + 1] * features[from + j + 1];
      d += weight[w + 2] * features[from + j + 2];
      e += weight[w + 3] * features[from + j + 3];
    }
    for (; j < width; j++, w++) a += weight[w] * features[from + j];
    logits[c] = a + b + (d + e);
  }
}

/** Turns logits into `share` · (softmax − one-hot), the loss's gradient; returns the loss. */
function fillErrors(logits: Float64Array, label: number, share: number): number {
  let largest = -Infinity, sum = 0;
  for (let c = 0; c < logits.length; c++) if (logits[c] > largest) largest = logits[c];
  for (let c = 0; c < logits.length; c++) sum += Math.exp(logits[c] - largest);
  const normaliser = largest + Math.log(sum), loss = normaliser - logits[label];
  for (let c = 0; c < logits.length; c++) logits[c] = share * Math.exp(logits[c] - normaliser);
  logits[label] -= share;
  return loss;
}

/** Adds one cell's part to the gradients: weights first, then biases. */
function addGradients(
  gradients: Float64Array,
  errors: Float64Array,
  { features, width }: Labelled,
  row: number,
): void {
  const from = row * width, biases = errors.length * width;
  for (let c = 0; c < errors.length; c++) {
    const error = errors[c], to = c * width;
    for (let j = 0; j < width; j++) gradients[to + j] += error * features[from + j];
    gradients[biases + c] += error;
  }
}

/** Adam (Kingma and Ba 2015) with its usual constants: eps 1e-8 outside the root, no weight decay. */
function adam(weights: Float64Array, gradients: Float64Array, rate: number): () => void {
  const mean = new Float64Array(weights.length), square = new Float64Array(weights.length);
  let step = 0;
  return () => {
    step++;
    const size = rate / (1 - 0.9 ** step), scale = 1 / Math.sqrt(1 - 0.999 ** step);
    for (let i = 0; i < weights.length; i++) {
      const g = gradients[i];
      mean[i] += 0.1 * (g - mean[i]);
      square[i] += 0.001 * (g * g - square[i]);
      weights[i] -= size * mean[i] / (Math.sqrt(square[i]) * scale + 1e-8);
    }
  };
}

function indexOfLargest(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}
