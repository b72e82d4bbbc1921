/*
 * The kernels of products: C = A B of matrices, and linear layers. Rows are divided among threads.
 */
#include "product.h"

/* Multiplications of a product that take as long as an element of other kernels. */
#define WORTH 16

/* Tiles of rows `from` to `to`, counted through all matrices of the batch. */
static void product_part(Frame *frame, const int32_t *w, int64_t from, int64_t to) {
  int64_t rows = w[6], columns = w[7], depth = w[8], tiles = (rows + STRIP - 1) / STRIP;
  int add = w[11], axes = w[12];
  const int32_t *lengths = w + 13, *stride_a = lengths + axes, *stride_b = stride_a + axes;
  begin_products();
  while (from < to && !stopped(frame)) {
    int64_t n = from / tiles, first = from % tiles * STRIP, rest = n;
    int64_t end = (from % tiles + to - from) * STRIP;
    const float *left = at(frame, w + 2), *right = at(frame, w + 4);
    for (int i = axes - 1; i >= 0; rest /= lengths[i--]) {
      left += rest % lengths[i] * stride_a[i];
      right += rest % lengths[i] * stride_b[i];
    }
    if (end > rows) end = rows;
    Matrix a = w[9] ? (Matrix){left + first, 1, rows} : (Matrix){left + first * depth, depth, 1};
    Matrix b = w[10] ? (Matrix){right, 1, depth} : (Matrix){right, columns, 1};
    float *out = (float *)at(frame, w) + (n * rows + first) * columns;
    multiply(frame, a, b, end - first, columns, depth, out, columns, (Finish){0, add, 0});
    from = n * tiles + (end + STRIP - 1) / STRIP;
  }
  end_products();
}

/* out, a, b; rows, columns, depth; a transposed, b transposed, add; axes of the batch: lengths and
   strides of a and b. */
void product(Frame *frame, const int32_t *w) {
  int64_t tiles = (w[6] + STRIP - 1) / STRIP;
  for (int i = 0; i < w[12]; i++) tiles *= w[13 + i];
  in_parts(frame, w, product_part, tiles, tiles * STRIP * w[7] * w[8] / WORTH);
}

static void linear_part(Frame *frame, const int32_t *w, int64_t from, int64_t to) {
  int64_t rows = w[8], columns = w[9], depth = w[10];
  int64_t first = from * STRIP, end = to * STRIP < rows ? to * STRIP : rows;
  Matrix x = {(float *)at(frame, w + 2) + first * depth, depth, 1};
  Matrix weight = {at(frame, w + 4), columns, 1};
  float *out = (float *)at(frame, w) + first * columns;
  Finish finish = {at(frame, w + 6), 0, w[11]};
  begin_products();
  multiply(frame, x, weight, end - first, columns, depth, out, columns, finish);
  end_products();
}

/* out, x, weight, bias; rows, outputs, inputs; whether negative results become 0. */
void linear(Frame *frame, const int32_t *w) {
  int64_t rows = w[8], tiles = (rows + STRIP - 1) / STRIP;
  in_parts(frame, w, linear_part, tiles, rows * w[9] * w[10] / WORTH);
}
