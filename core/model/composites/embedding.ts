import * as tf from "@tensorflow/tfjs";
import { withGradient } from "./with_gradient.ts";

/**
 * The rows of `table` that `ids` name, one below the other: (cells × positions) × width.
 *
 * @param ids int32, cells × positions.
 * @param padding 1 at padding, whose row is read but gets no gradient.
 */
export function embedding(
  table: tf.Tensor2D,
  ids: tf.Tensor2D,
  padding: tf.Tensor2D,
): tf.Tensor2D {
  return withGradient("embedding", { inputs: { table }, constants: { ids, padding } }, () => {
    const rows = tf.reshape<tf.Rank.R1>(ids, [ids.size]);
    return {
      value: tf.gather(table, rows),
      keep: [rows, padding],
      gradients: (dy, [rows, padding]) => {
        const counts = tf.reshape(tf.sub(1, padding), [padding.size, 1]);
        return [
          tf.unsortedSegmentSum(tf.mul(dy, counts), rows as tf.Tensor1D, table.shape[0]),
        ];
      },
    };
  });
}
