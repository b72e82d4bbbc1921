/*
 * Rows of floats in vectors, of any length.
 */
#ifndef GIL_ROWS_H
#define GIL_ROWS_H

#include "product.h"

/* The largest; four vectors at a time, as one maximum waits for another. */
INLINE float largest_of(const float *x, int64_t count) {
  floats most[4];
  for (int i = 0; i < 4; i++) most[i] = every(-__builtin_inff());
  int64_t k = 0;
  for (; k + 4 * LANES <= count; k += 4 * LANES)
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) most[i] = larger(load(x + k + i * LANES), most[i]);
  for (; k + LANES <= count; k += LANES) most[0] = larger(load(x + k), most[0]);
  most[0] = larger(larger(most[0], most[1]), larger(most[2], most[3]));
  float top = most[0][0];
  for (int i = 1; i < LANES; i++) top = most[0][i] > top ? most[0][i] : top;
  for (; k < count; k++) top = x[k] > top ? x[k] : top;
  return top;
}

/* The sum of products of numbers of two rows, the first of which is of that type. */
INLINE float dot_of(const void *a, int type, const float *b, int64_t count) {
  floats sum = every(0);
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) sum += floats_of(a, type, i) * load(b + i);
  float rest = 0;
  for (; i < count; i++) rest += one_of(a, type, i) * b[i];
  return total(sum) + rest;
}

/* Rows, each times a factor of its own; they may stay where they are. */
INLINE void enlarge(float *to, int64_t stride, Matrix rows, const float *factors, int64_t count,
                    int64_t width) {
  for (int64_t i = 0; i < count; i++, to += stride) {
    const void *row = part_of(rows, i, 0).at;
    int64_t j = 0;
    for (; j + LANES <= width; j += LANES)
      store(to + j, floats_of(row, rows.type, j) * every(factors[i]));
    for (; j < width; j++) to[j] = one_of(row, rows.type, j) * factors[i];
  }
}

#endif
