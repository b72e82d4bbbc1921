import * as tf from "@tensorflow/tfjs";

/** Which neighbour a position takes over from. */
export type Direction = "from before" | "from after";

/**
 * The states hₚ = decayₚ · hₚ₋₁ + inputₚ, beginning with 0; all cells × positions × width. "from
 * after" goes through the positions from the last to the first.
 *
 * Positions lie in √positions blocks, which are gone through side by side; then each block's last
 * state is handed on, and every state takes its share of what was there before its block. That takes
 * some 7 √positions operations and reads each number about ten times, where one step a position takes
 * 2 · positions operations and doubling distances (Hillis and Steele 1986) reads each number some 8
 * log₂ positions times. Decays are only multiplied, never divided by, so that with decays of at most 1
 * nothing can overflow and what underflows had been forgotten.
 */
export function recurrence(
  decay: tf.Tensor3D,
  input: tf.Tensor3D,
  direction: Direction = "from before",
): tf.Tensor3D {
  const [cells, length, width] = input.shape;
  const size = Math.ceil(Math.sqrt(length)), blocks = Math.ceil(length / size);
  const inBlocks = (x: tf.Tensor3D): tf.Tensor[] => {
    const whole = tf.pad(x, [[0, 0], [0, blocks * size - length], [0, 0]]);
    return parts(tf.reshape(whole, [cells, blocks, size, width]), 2, direction);
  };
  const decays = inBlocks(decay), inputs = inBlocks(input);

  // Of the state before the block, how much is left; and what the block itself has added.
  const left = scanned(decays, (before, now) => tf.mul(before, now));
  const own = scanned(inputs, (before, now, i) => tf.add(tf.mul(decays[i], before), now));

  const last = (x: tf.Tensor[]) => parts(x[size - 1], 1, direction);
  const lastLeft = last(left);
  const ends = scanned(last(own), (before, now, i) => tf.add(tf.mul(lastLeft[i], before), now));
  const begins = joined([tf.zerosLike(ends[0]), ...ends.slice(0, -1)], 1, direction);

  const states = own.map((state, i) => tf.add(state, tf.mul(left[i], begins)));
  const all = tf.reshape(joined(states, 2, direction), [cells, blocks * size, width]);
  return tf.slice(all, [0, 0, 0], [cells, length, width]) as tf.Tensor3D;
}

/** The parts of length 1 along an axis, in the direction's order. */
function parts(x: tf.Tensor, axis: number, direction: Direction): tf.Tensor[] {
  // TensorFlow.js cannot differentiate a split into one part.
  const ascending = x.shape[axis] === 1 ? [x] : tf.split(x, x.shape[axis], axis);
  return direction === "from before" ? ascending : ascending.toReversed();
}

/** The way back. */
const joined = (parts: readonly tf.Tensor[], axis: number, direction: Direction): tf.Tensor =>
  tf.concat(direction === "from before" ? [...parts] : parts.toReversed(), axis);

/** Each element put together with the result for the one before it. */
function scanned(
  parts: readonly tf.Tensor[],
  join: (before: tf.Tensor, now: tf.Tensor, i: number) => tf.Tensor,
): tf.Tensor[] {
  const results = [parts[0]];
  for (let i = 1; i < parts.length; i++) results.push(join(results[i - 1], parts[i], i));
  return results;
}
