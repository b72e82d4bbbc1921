/*
 * Products that stay in floats among those in bf16: of a column by a row, and of a matrix by a column.
 *
 * Every number of the matrix is used once, and tiles would be all but empty: to multiply it costs less
 * than to round and to pack it. Predictions come from such products, and what rounding takes from them
 * is missing in every gradient.
 */
#if defined(BF16)

#include "rows.h"

/* Columns beside each other in C: each number of a column of A by a row of B. */
static void by_row(float *sums, Matrix a, const float *row, int64_t rows, int64_t columns) {
  const float *column = a.at;
  for (int64_t i = 0; i < rows; i++, sums += PANEL)
    for (int64_t j = 0; j < columns; j++) sums[j] = column[i * a.down] * row[j];
}

/* Each row of A, whose numbers lie behind each other, by a column. */
static void by_column(float *sums, Matrix a, const float *column, int64_t rows, int64_t depth) {
  for (int64_t i = 0; i < rows; i++)
    sums[i * PANEL] = dot_of(part_of(a, i, 0).at, TYPE_float32, column, depth);
}

/* The same of an A whose columns lie behind each other. */
static void by_column_across(float *sums, Matrix a, const float *column, int64_t rows,
                             int64_t depth) {
  const float *from = a.at;
  float *to = sums;
  if (rows < STRIP) {
    for (int64_t i = 0; i < rows; i++, to += PANEL) {
      *to = 0;
      for (int64_t k = 0; k < depth; k++) *to += from[k * a.across + i] * column[k];
    }
    return;
  }
  floats parts[STRIP / LANES] = {{0}};
  for (int64_t k = 0; k < depth; k++, from += a.across)
#pragma GCC unroll 8
    for (int v = 0; v < STRIP / LANES; v++) parts[v] += load(from + v * LANES) * every(column[k]);
  for (int i = 0; i < STRIP; i++, to += PANEL) *to = parts[i / LANES][i % LANES];
}

void multiply_thin(Matrix a, Matrix b, int64_t rows, int64_t columns, int64_t depth, float *c,
                   int64_t stride, Finish finish) {
  float sums[STRIP * PANEL];
  for (int64_t j = 0; j < columns; j += PANEL) {
    int64_t wide = columns - j < PANEL ? columns - j : PANEL;
    for (int64_t i = 0; i < rows; i += STRIP) {
      int64_t high = rows - i < STRIP ? rows - i : STRIP;
      Matrix some = part_of(a, i, 0);
      if (depth == 1) by_row(sums, some, part_of(b, 0, j).at, high, wide);
      else if (a.across == 1) by_column(sums, some, b.at, high, depth);
      else by_column_across(sums, some, b.at, high, depth);
      put(sums, high, wide, c + i * stride + j, stride, finish);
    }
    if (finish.bias) finish.bias += wide;
  }
}

#endif
