/*
 * Losses: the sum of share (prediction - target)^2 over all positions, and its gradient by the
 * predictions, 2 share (prediction - target) dy.
 *
 * All operands have a number a position, in the same order, and each number is read once a way. The
 * errors are made again on the way back: to keep them would take more time than a subtraction does.
 * Terms one by one on a large sum would each lose digits to it, so that few are added up in a lane of
 * a vector, and these sums in a double.
 */
#include "gil.h"
#include "vectors.h"

/* Terms of a lane. */
#define APART 32

/* out; prediction, target, share; count. */
void masked_mean_square(Frame *frame, const int32_t *w) {
  const float *prediction = at(frame, w + 2), *target = at(frame, w + 4), *share = at(frame, w + 6);
  int64_t count = w[8], vectors = count / LANES * LANES, i = 0;
  double sum = 0;
  while (i < vectors) {
    int64_t end = vectors - i < APART * LANES ? vectors : i + APART * LANES;
    floats part = every(0);
    for (; i < end; i += LANES) {
      floats error = load(prediction + i) - load(target + i);
      part += load(share + i) * error * error;
    }
    sum += total(part);
  }
  for (; i < count; i++) {
    float error = prediction[i] - target[i];
    sum += share[i] * error * error;
  }
  *(float *)at(frame, w) = (float)sum;
}

static void gradient_part(Frame *frame, const int32_t *w, int64_t from, int64_t to) {
  float *out = at(frame, w), twice = 2 * *(const float *)at(frame, w + 2);
  const float *prediction = at(frame, w + 4), *target = at(frame, w + 6), *share = at(frame, w + 8);
  int64_t i = from;
  for (; i + LANES <= to; i += LANES)
    store(out + i, load(share + i) * (load(prediction + i) - load(target + i)) * every(twice));
  for (; i < to; i++) out[i] = share[i] * (prediction[i] - target[i]) * twice;
}

/* out, which may lie where the predictions do; dy; prediction, target, share; count. */
void masked_mean_square_gradient(Frame *frame, const int32_t *w) {
  in_parts(frame, w, gradient_part, w[10], w[10]);
}
