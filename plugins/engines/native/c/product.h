/*
 * Products of matrices from packed parts: what linear layers, attention and plain products share.
 */
#ifndef GIL_PRODUCT_H
#define GIL_PRODUCT_H

#include "gil.h"
#include "vectors.h"

/* Rows along which a packed part reaches, and its rows and columns: a part of B fits the second
   cache, a panel of it the first. */
#define DEPTH 256
#define BLOCK_ROWS (16 * TILE_ROWS)
#define BLOCK_COLUMNS 256

/* A matrix in memory: element (i, j) is at[i * down + j * across]. */
typedef struct {
  const float *at;
  int64_t down, across;
} Matrix;

/* What becomes of C = A B. */
typedef struct {
  const float *bias; /* added to every row; null for none */
  int add;           /* to what C holds */
  int relu;          /* negative results become 0 */
} Finish;

/* C (rows x columns, `stride` from row to row) from A (rows x depth) and B (depth x columns). */
void multiply(Frame *frame, Matrix a, Matrix b, int64_t rows, int64_t columns, int64_t depth,
              float *c, int64_t stride, Finish finish);

/* Floats of a packed B. */
INLINE int64_t packed_size(int64_t depth, int64_t columns) {
  return (columns + TILE_COLUMNS - 1) / TILE_COLUMNS * TILE_COLUMNS * depth;
}

/* B in panels of TILE_COLUMNS columns, row behind row, the last filled up with zeros. */
void pack(float *panels, Matrix b, int64_t depth, int64_t columns);

/* The same product from a B that was packed whole; A is read as it lies. */
void multiply_packed(Matrix a, const float *panels, int64_t rows, int64_t columns, int64_t depth,
                     float *c, int64_t stride, int add);

#endif
