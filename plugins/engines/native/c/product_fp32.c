/*
 * Products of matrices in single precision: C = A B, with bias and activation on the way out.
 *
 * The work is cut as Goto and van de Geijn do ("Anatomy of high-performance matrix multiplication",
 * 2008): a part of B is packed into panels as wide as a tile, so that the innermost loop reads it in
 * order; a tile of C stays in registers while it walks along one panel of B and some rows of A. Rows
 * of A are read as they lie where their elements are neighbours, else packed too.
 */
#if !defined(BF16)

#include "product.h"

#include <string.h>

/* Rows along which a packed part reaches, and its rows and columns: a part of B fits the second
   cache, a panel of it the first. */
#define DEPTH 256
#define BLOCK_ROWS (16 * TILE_ROWS)
#define BLOCK_COLUMNS 256

size_t panel_a_bytes(void) { return sizeof(float) * BLOCK_ROWS * DEPTH; }
size_t panel_b_bytes(void) { return sizeof(float) * BLOCK_COLUMNS * DEPTH; }

/* Rows of each part: as many in all parts, lest the last has a row or two for as much ado. */
static int64_t depth_of_parts(int64_t depth) {
  int64_t parts = (depth + DEPTH - 1) / DEPTH;
  return (depth + parts - 1) / parts;
}

/* How a tile begins. */
enum { FROM_ZERO, FROM_C, FROM_BIAS };

/* `rows` x `vectors` vectors of C, both constants once inlined. */
INLINE void tile(const int rows, const int vectors, int64_t depth, Matrix a, const float *panel, float *c,
                 int64_t stride, int begin, const float *bias, int activation) {
  floats sum[TILE_ROWS][2];
#pragma GCC unroll 16
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
    for (int v = 0; v < vectors; v++)
      sum[i][v] = begin == FROM_BIAS ? load(bias + v * LANES) : every(0);
  const float *left = a.at;
  for (int64_t k = 0; k < depth; k++, panel += TILE_COLUMNS, left += a.across) {
    floats b[2];
#pragma GCC unroll 2
    for (int v = 0; v < vectors; v++) b[v] = load(panel + v * LANES);
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
      floats x = every(left[i * a.down]);
#pragma GCC unroll 2
      for (int v = 0; v < vectors; v++) sum[i][v] += x * b[v];
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
    for (int v = 0; v < vectors; v++) {
      /* Last: small terms one by one on a large sum would each lose digits to it. */
      if (begin == FROM_C) sum[i][v] += load(c + i * stride + v * LANES);
      store(c + i * stride + v * LANES, activated(sum[i][v], activation));
    }
}

static void tile_of(int rows, int vectors, int64_t depth, Matrix a, const float *panel, float *c,
                    int64_t stride, int begin, const float *bias, int activation) {
#define CASE(n) \
  case n: return tile(n, 2, depth, a, panel, c, stride, begin, bias, activation); \
  case -n: return tile(n, 1, depth, a, panel, c, stride, begin, bias, activation);
  switch (vectors == 2 ? rows : -rows) {
    CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
#if TILE_ROWS > 6
    CASE(7) CASE(8)
#endif
#if TILE_ROWS > 8
    CASE(9) CASE(10) CASE(11) CASE(12)
#endif
  }
#undef CASE
}

/* A tile at an edge; one that reaches beyond the last column of C is made beside it. */
static void tile_within(int rows, int columns, int64_t depth, Matrix a, const float *panel,
                        float *c, int64_t stride, int begin, const float *bias, int activation) {
  int vectors = columns <= LANES ? 1 : 2;
  if (columns == vectors * LANES) {
    tile_of(rows, vectors, depth, a, panel, c, stride, begin, bias, activation);
    return;
  }
  float beside[TILE_ROWS * TILE_COLUMNS], wide[TILE_COLUMNS] = {0};
  if (begin == FROM_BIAS && bias) memcpy(wide, bias, sizeof(float) * columns);
  if (begin == FROM_C) {
    memset(beside, 0, sizeof beside);
    for (int i = 0; i < rows; i++)
      memcpy(beside + i * TILE_COLUMNS, c + i * stride, sizeof(float) * columns);
  }
  tile_of(rows, vectors, depth, a, panel, beside, TILE_COLUMNS, begin, wide, activation);
  for (int i = 0; i < rows; i++)
    memcpy(c + i * stride, beside + i * TILE_COLUMNS, sizeof(float) * columns);
}

/* Rows of A, as tiles read them: `next` floats from the first of a tile to that of the next. */
typedef struct {
  Matrix first;
  int64_t next;
} Rows;

/* All tiles along one panel of B: `rows` x `columns` of C, at most TILE_COLUMNS of them. Whole tiles
   are made in this loop, as a call of its own would take a tenth of the time of a shallow one. */
static void tiles(Rows a, const float *panel, int64_t rows, int columns, int64_t depth, float *c,
                  int64_t stride, int begin, const float *bias, int activation) {
  Matrix left = a.first;
  int64_t i = 0;
  if (columns == TILE_COLUMNS)
    for (; i + TILE_ROWS <= rows; i += TILE_ROWS, left.at = (const float *)left.at + a.next)
      tile(TILE_ROWS, 2, depth, left, panel, c + i * stride, stride, begin, bias, activation);
  for (; i < rows; i += TILE_ROWS, left.at = (const float *)left.at + a.next) {
    int high = rows - i < TILE_ROWS ? rows - i : TILE_ROWS;
    tile_within(high, columns, depth, left, panel, c + i * stride, stride, begin, bias, activation);
  }
}

/* `width` columns of B, the elements of each neighbours: squares of them are turned. */
static void pack_turned(float *panel, const float *from, int64_t stride, int64_t depth,
                        int64_t width) {
  int64_t squares = depth / LANES * LANES;
  for (int64_t i = 0; i + LANES <= width; i += LANES)
    for (int64_t k = 0; k < squares; k += LANES) {
      words x[LANES];
      for (int r = 0; r < LANES; r++) x[r] = (words)load(from + (i + r) * stride + k);
      turn_square(x);
      for (int r = 0; r < LANES; r++) store(panel + (k + r) * TILE_COLUMNS + i, (floats)x[r]);
    }
  for (int64_t i = 0; i < width; i++)
    for (int64_t k = i < width / LANES * LANES ? squares : 0; k < depth; k++)
      panel[k * TILE_COLUMNS + i] = from[i * stride + k];
}

void pack(float *panels, Matrix b, int64_t depth, int64_t columns) {
  for (int64_t j = 0; j < columns; j += TILE_COLUMNS) {
    int64_t width = columns - j < TILE_COLUMNS ? columns - j : TILE_COLUMNS;
    const float *from = (const float *)b.at + j * b.across;
    if (width < TILE_COLUMNS) memset(panels, 0, sizeof(float) * TILE_COLUMNS * depth);
    if (b.across == 1 && width == TILE_COLUMNS) {
      for (int64_t k = 0; k < depth; k++) {
        store(panels + k * TILE_COLUMNS, load(from + k * b.down));
        store(panels + k * TILE_COLUMNS + LANES, load(from + k * b.down + LANES));
      }
    } else if (b.across == 1) {
      for (int64_t k = 0; k < depth; k++)
        memcpy(panels + k * TILE_COLUMNS, from + k * b.down, sizeof(float) * width);
    } else {
      pack_turned(panels, from, b.across, depth, width);
    }
    panels += TILE_COLUMNS * depth;
  }
}

/* Rows of A in panels of TILE_ROWS, column behind column. */
static void pack_rows(float *panels, Matrix a, int64_t rows, int64_t depth) {
  for (int64_t i = 0; i < rows; i += TILE_ROWS) {
    int64_t height = rows - i < TILE_ROWS ? rows - i : TILE_ROWS;
    const float *from = (const float *)a.at + i * a.down;
    if (height == TILE_ROWS && a.down == 1) {
      for (int64_t k = 0; k < depth; k++)
        memcpy(panels + k * TILE_ROWS, from + k * a.across, sizeof(float) * TILE_ROWS);
    } else {
      for (int64_t k = 0; k < depth; k++)
        for (int64_t r = 0; r < height; r++) panels[k * TILE_ROWS + r] = from[k * a.across + r * a.down];
    }
    panels += TILE_ROWS * depth;
  }
}

void multiply(Frame *frame, Matrix a, Matrix b, int64_t rows, int64_t columns, int64_t depth,
              float *c, int64_t stride, Finish finish) {
  if (depth == 0) {
    for (int64_t i = 0; i < rows && !finish.add; i++)
      for (int64_t j = 0; j < columns; j++) c[i * stride + j] = finish.bias ? finish.bias[j] : 0;
    return;
  }
  int64_t most = depth_of_parts(depth);
  for (int64_t k = 0; k < depth; k += most) {
    int64_t deep = depth - k < most ? depth - k : most;
    int first = k == 0, last = k + deep == depth;
    int begin = !first || finish.add ? FROM_C : finish.bias ? FROM_BIAS : FROM_ZERO;
    int activation = last ? finish.activation : ACTIVATION_none;
    for (int64_t j = 0; j < columns; j += BLOCK_COLUMNS) {
      int64_t wide = columns - j < BLOCK_COLUMNS ? columns - j : BLOCK_COLUMNS;
      pack(frame->panel_b, part_of(b, k, j), deep, wide);
      for (int64_t i = 0; i < rows; i += BLOCK_ROWS) {
        if (stopped(frame)) return;
        int64_t high = rows - i < BLOCK_ROWS ? rows - i : BLOCK_ROWS;
        Matrix block = part_of(a, i, k);
        Rows left = {block, TILE_ROWS * a.down};
        if (a.across != 1) {
          pack_rows(frame->panel_a, block, high, deep);
          left = (Rows){matrix(frame->panel_a, 1, TILE_ROWS), TILE_ROWS * deep};
        }
        for (int64_t jj = 0; jj < wide; jj += TILE_COLUMNS) {
          int across = wide - jj < TILE_COLUMNS ? wide - jj : TILE_COLUMNS;
          const float *bias = finish.bias ? finish.bias + j + jj : 0;
          tiles(left, frame->panel_b + jj * deep, high, across, deep, c + i * stride + j + jj,
                stride, begin, bias, activation);
        }
      }
    }
  }
}

void multiply_packed(Frame *frame, Matrix a, const float *panels, int64_t rows, int64_t columns,
                     int64_t depth, float *c, int64_t stride, int add) {
  (void)frame; /* rows of A are read as they lie */
  int64_t most = depth_of_parts(depth);
  for (int64_t k = 0; k < depth; k += most) {
    int64_t deep = depth - k < most ? depth - k : most;
    int begin = k == 0 && !add ? FROM_ZERO : FROM_C;
    Rows left = {part_of(a, 0, k), TILE_ROWS * a.down};
    for (int64_t j = 0; j < columns; j += TILE_COLUMNS) {
      int across = columns - j < TILE_COLUMNS ? columns - j : TILE_COLUMNS;
      tiles(left, panels + j * depth + k * TILE_COLUMNS, rows, across, deep, c + j, stride, begin,
            0, ACTIVATION_none);
    }
  }
}

int products_allowed(void) { return 1; }
void begin_products(void) {}
void end_products(void) {}

#endif
