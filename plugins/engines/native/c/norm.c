/*
 * Layer norm with an optional residual (Ba, Kiros and Hinton 2016), and its gradient: rows are
 * brought to mean 0 and variance 1, then scaled and shifted. A row stays in the cache from the first
 * look to the last, and the gradient reads what the forward pass left of it: the normal row and one
 * over its deviation.
 */
#include <math.h>

#include "bf16.h"

#define EPSILON 1e-5f

/* value, normal, inverse; x, residual, weight, bias; rows, width, whether there is a residual. */
void norm(Frame *frame, const int32_t *w) {
  float *value = at(frame, w), *normal = at(frame, w + 2), *inverse = at(frame, w + 4);
  const float *x = at(frame, w + 6), *residual = at(frame, w + 8);
  const float *weight = at(frame, w + 10), *bias = at(frame, w + 12);
  int64_t rows = w[14], width = w[15];
  int both = w[16];
  for (int64_t i = 0; i < rows; i++, x += width, residual += width) {
    float *to = normal + i * width, *end = value + i * width, sum = 0, squares = 0;
    if (both) for (int64_t j = 0; j < width; j++) to[j] = x[j] + residual[j];
    else for (int64_t j = 0; j < width; j++) to[j] = x[j];
    int64_t j = 0;
    floats part = every(0);
    for (; j + LANES <= width; j += LANES) part += load(to + j);
    for (sum = total(part); j < width; j++) sum += to[j];
    float mean = sum / width;
    part = every(0);
    for (j = 0; j + LANES <= width; j += LANES) {
      floats centred = load(to + j) - every(mean);
      store(to + j, centred);
      part += centred * centred;
    }
    for (squares = total(part); j < width; j++) {
      to[j] -= mean;
      squares += to[j] * to[j];
    }
    float scale = inverse[i] = 1 / sqrtf(squares / width + EPSILON);
    for (j = 0; j < width; j++) {
      to[j] *= scale;
      end[j] = to[j] * weight[j] + bias[j];
    }
  }
}

/* Rows whose sums are made apart: terms one by one on a large sum would each lose digits to it. */
#define APART 32

/* The sums over some rows of dy times normal, whose element type it is, and of dy, on top of what there
   is. */
INLINE void add_rows(const int type, float *d_weight, float *d_bias, const float *dy,
                     const void *normal, int64_t rows, int64_t width) {
  int64_t j = 0;
  for (; j + 2 * LANES <= width; j += 2 * LANES) {
    floats weights[2] = {{0}, {0}}, biases[2] = {{0}, {0}};
    for (int64_t i = 0; i < rows; i++)
      for (int v = 0; v < 2; v++) {
        floats g = load(dy + i * width + j + v * LANES);
        weights[v] += g * floats_of(normal, type, i * width + j + v * LANES);
        biases[v] += g;
      }
    for (int v = 0; v < 2; v++) {
      float *weight = d_weight + j + v * LANES, *bias = d_bias + j + v * LANES;
      store(weight, load(weight) + weights[v]);
      store(bias, load(bias) + biases[v]);
    }
  }
  for (; j < width; j++) {
    float weight = 0, bias = 0;
    for (int64_t i = 0; i < rows; i++) {
      weight += dy[i * width + j] * one_of(normal, type, i * width + j);
      bias += dy[i * width + j];
    }
    d_weight[j] += weight;
    d_bias[j] += bias;
  }
}

INLINE void norm_back(const int type, Frame *frame, const int32_t *w) {
  float *d_sum = at(frame, w), *d_weight = at(frame, w + 2), *d_bias = at(frame, w + 4);
  const float *dy = at(frame, w + 6), *inverse = at(frame, w + 10), *weight = at(frame, w + 12);
  const void *normal = at(frame, w + 8);
  int64_t rows = w[14], width = w[15];
  for (int64_t j = 0; j < width && !w[16]; j++) d_weight[j] = 0;
  for (int64_t j = 0; j < width && !w[17]; j++) d_bias[j] = 0;
  for (int64_t i = 0; i < rows; i++) {
    const float *g = dy + i * width;
    const void *n = place_in(normal, type, i * width);
    float *to = d_sum + i * width, level, along;
    int64_t apart = rows - i < APART ? rows - i : APART;
    if (i % APART == 0) add_rows(type, d_weight, d_bias, g, n, apart, width);
    floats levels = every(0), alongs = every(0);
    int64_t j = 0;
    for (; j + LANES <= width; j += LANES) {
      floats part = load(g + j) * load(weight + j);
      levels += part;
      alongs += part * floats_of(n, type, j);
    }
    for (level = total(levels), along = total(alongs); j < width; j++) {
      float part = g[j] * weight[j];
      level += part;
      along += part * one_of(n, type, j);
    }
    level /= width;
    along /= width;
    for (j = 0; j < width; j++)
      to[j] = (g[j] * weight[j] - level - one_of(n, type, j) * along) * inverse[i];
  }
}

/* d sum, d weight, d bias; dy, normal, inverse, weight; rows, width; whether to add to d weight, to
   d bias; element type of normal. */
void norm_gradient(Frame *frame, const int32_t *w) {
  if (w[18] == TYPE_bfloat16) norm_back(TYPE_bfloat16, frame, w);
  else norm_back(TYPE_float32, frame, w);
}
