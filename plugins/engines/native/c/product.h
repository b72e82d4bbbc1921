/*
 * Products of matrices from packed parts: what linear layers, attention and plain products share.
 * With BF16 defined factors are rounded to bf16 while they are packed (product_bf16.c), but for those
 * of one column or row (product_thin.c); else they are what they are (product_fp32.c). Sums are floats
 * in both.
 */
#ifndef GIL_PRODUCT_H
#define GIL_PRODUCT_H

#include "bf16.h"

/* Rows of C and columns of a panel of B that are made at once, and the multiple of rows of B that a
   panel is filled up to; numbers of a packed B in a float; rows that attention takes at once. */
#if defined(BF16)
#define STRIP 32
#define PANEL 32
#define STEP 32
#define DENSITY 2
#define QUERIES 64
#else
#define STRIP TILE_ROWS
#define PANEL TILE_COLUMNS
#define STEP 1
#define DENSITY 1
#define QUERIES (4 * 12)
#endif

/* A matrix in memory: element (i, j) is at[i * down + j * across], and one of both is 1. Factors of
   products in bf16, but for thin ones, may be bf16 already. */
typedef struct {
  const void *at;
  int64_t down, across;
  int type;
} Matrix;

/* A matrix of floats. */
INLINE Matrix matrix(const float *at, int64_t down, int64_t across) {
  return (Matrix){at, down, across, TYPE_float32};
}

/* What begins at element (row, column). */
INLINE Matrix part_of(Matrix m, int64_t row, int64_t column) {
  m.at = place_in(m.at, m.type, row * m.down + column * m.across);
  return m;
}

/* What becomes of C = A B. */
typedef struct {
  const float *bias; /* added to every row; null for none */
  int add;           /* to what C holds */
  int activation;    /* ACTIVATION_none, ACTIVATION_relu or ACTIVATION_leakyRelu */
} Finish;

/* What leaky rectifiers multiply negative numbers by: LEAK of core/model/composites/linear.ts. */
#define LEAK 0.01f

INLINE floats activated(floats x, int activation) {
  switch (activation) {
    case ACTIVATION_relu: return choose(x < every(0), every(0), x);
    case ACTIVATION_leakyRelu: return choose(x < every(0), x * every(LEAK), x);
    default: return x;
  }
}

/* C (rows x columns, `stride` from row to row) from A (rows x depth) and B (depth x columns). */
void multiply(Frame *frame, Matrix a, Matrix b, int64_t rows, int64_t columns, int64_t depth,
              float *c, int64_t stride, Finish finish);

#if defined(BF16)
/* Whether a product stays in floats: whether C has one column, or B one row. Rows of C do not count:
   threads may divide them. */
INLINE int is_thin(int64_t columns, int64_t depth) { return columns == 1 || depth == 1; }

/* Such a product; a factor of one column or row lies without gaps. */
void multiply_thin(Matrix a, Matrix b, int64_t rows, int64_t columns, int64_t depth, float *c,
                   int64_t stride, Finish finish);

/* Sums, PANEL from row to row, go to their places in C. */
void put(const float *sums, int64_t rows, int64_t columns, float *c, int64_t stride,
         Finish finish);
#endif

INLINE int64_t up_to(int64_t n, int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

/* Floats of a packed B. */
INLINE int64_t packed_size(int64_t depth, int64_t columns) {
  return up_to(columns, PANEL) * up_to(depth, STEP) / DENSITY;
}

/* B in panels of PANEL columns, row behind row, the last filled up with zeros. */
void pack(float *panels, Matrix b, int64_t depth, int64_t columns);

/* The same product from a B that was packed whole. */
void multiply_packed(Frame *frame, Matrix a, const float *panels, int64_t rows, int64_t columns,
                     int64_t depth, float *c, int64_t stride, int add);

/* Whether the system lets this process multiply; around products of a thread. */
int products_allowed(void);
void begin_products(void), end_products(void);

#endif
