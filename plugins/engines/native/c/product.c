/*
 * The kernels of products: C = A B of matrices, and linear layers. Rows are divided among threads.
 */
#include "product.h"

/* Multiplications of a product that take as long as an element of other kernels. */
#define WORTH 16

/* Tiles of rows `from` to `to`, counted through all matrices of the batch. */
static void product_part(Frame *frame, const int32_t *w, int64_t from, int64_t to) {
  int64_t rows = w[6], columns = w[7], depth = w[8], tiles = (rows + STRIP - 1) / STRIP;
  int add = w[11], axes = w[14];
  const int32_t *lengths = w + 15, *stride_a = lengths + axes, *stride_b = stride_a + axes;
  begin_products();
  while (from < to && !stopped(frame)) {
    int64_t n = from / tiles, first = from % tiles * STRIP, rest = n;
    int64_t end = (from % tiles + to - from) * STRIP;
    Matrix a = w[9] ? matrix(at(frame, w + 2), 1, rows) : matrix(at(frame, w + 2), depth, 1);
    Matrix b = w[10] ? matrix(at(frame, w + 4), 1, depth) : matrix(at(frame, w + 4), columns, 1);
    a.type = w[12], b.type = w[13];
    for (int i = axes - 1; i >= 0; rest /= lengths[i--]) {
      a.at = place_in(a.at, a.type, rest % lengths[i] * stride_a[i]);
      b.at = place_in(b.at, b.type, rest % lengths[i] * stride_b[i]);
    }
    if (end > rows) end = rows;
    float *out = (float *)at(frame, w) + (n * rows + first) * columns;
    multiply(frame, part_of(a, first, 0), b, end - first, columns, depth, out, columns,
             (Finish){0, add, 0});
    from = n * tiles + (end + STRIP - 1) / STRIP;
  }
  end_products();
}

/* out, a, b; rows, columns, depth; a transposed, b transposed, add; element types of a and b; axes of
   the batch: lengths and strides of a and b. */
void product(Frame *frame, const int32_t *w) {
  int64_t tiles = (w[6] + STRIP - 1) / STRIP;
  for (int i = 0; i < w[14]; i++) tiles *= w[15 + i];
  in_parts(frame, w, product_part, tiles, tiles * STRIP * w[7] * w[8] / WORTH);
}

static void linear_part(Frame *frame, const int32_t *w, int64_t from, int64_t to) {
  int64_t rows = w[8], columns = w[9], depth = w[10];
  int64_t first = from * STRIP, end = to * STRIP < rows ? to * STRIP : rows;
  Matrix x = matrix((float *)at(frame, w + 2) + first * depth, depth, 1);
  Matrix weight = matrix(at(frame, w + 4), columns, 1);
  float *out = (float *)at(frame, w) + first * columns;
  Finish finish = {at(frame, w + 6), 0, w[11]};
  begin_products();
  multiply(frame, x, weight, end - first, columns, depth, out, columns, finish);
  end_products();
}

/* out, x, weight, bias; rows, outputs, inputs; activation. */
void linear(Frame *frame, const int32_t *w) {
  int64_t rows = w[8], tiles = (rows + STRIP - 1) / STRIP;
  in_parts(frame, w, linear_part, tiles, rows * w[9] * w[10] / WORTH);
}
