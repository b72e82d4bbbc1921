/**
 * What models are written in beside plain tensor operations: each composite is a reference
 * implementation in TensorFlow.js with a gradient of its own, which an engine may replace by a
 * fused kernel.
 *
 * @module
 */

export { adam, type AdamScalars, adamScalars, type Moving } from "./adam.ts";
export { type Affine, affine } from "./affine.ts";
export { attention, type AttentionOptions } from "./attention.ts";
export { batchNorm, type Normalised } from "./batch_norm.ts";
export { convolve, convolveChannels, type Windows } from "./convolution.ts";
export { detach } from "./detach.ts";
export { dropout } from "./dropout.ts";
export { embedding } from "./embedding.ts";
export { gelu } from "./gelu.ts";
export { layerNorm } from "./layer_norm.ts";
export { type Activation, linear } from "./linear.ts";
export { maskedMeanSquare } from "./masked_mean_square.ts";
export { poolLargest, poolMeans } from "./pool_positions.ts";
export { type Order, orderBy, rearrange, undone } from "./rearrange.ts";
export { type Direction, recurrence } from "./recurrence.ts";
export { rmsNorm } from "./rms_norm.ts";
export { type Scanned, selectiveScan } from "./selective_scan.ts";
export {
  COMPOSITE,
  type Given,
  gradientOf,
  type Pass,
  type Watch,
  watching,
  withGradient,
} from "./with_gradient.ts";
