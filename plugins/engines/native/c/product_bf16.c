/*
 * Products of matrices in bf16: C = A B, with bias and activation on the way out.
 *
 * Factors are rounded, if they are floats, while they are packed into tiles (tiles.h), and products of
 * them are added up in floats; a product of two bf16 is exact in a float. Blocks of two by two tiles of C are made at
 * once, so that every tile of a factor that is loaded is used twice. A whole tile costs as much as a
 * part of one: what lies beyond an edge is zero, and what it makes of C is not stored.
 */
#if defined(BF16)

#define _GNU_SOURCE
#include "product.h"
#include "tiles.h"

/* Rows along which a packed part reaches, and its rows and columns: a part of B fits the second
   cache, a panel of it and a strip of A the first. */
#define DEPTH 512
#define BLOCK_ROWS (4 * STRIP)
#define BLOCK_COLUMNS 512

/* Words of a step of a strip or panel: two tiles side by side. */
#define PAIR (2 * TILE_WORDS)

size_t panel_a_bytes(void) { return sizeof(uint32_t) * BLOCK_ROWS * DEPTH / 2; }
size_t panel_b_bytes(void) { return sizeof(uint32_t) * BLOCK_COLUMNS * DEPTH / 2; }

/* The tile of `height` rows of up to TILE_DEPTH numbers that lie behind each other. */
INLINE void tile_along(const int type, uint32_t *tile, const void *at, int64_t stride,
                       int64_t height, int64_t depth) {
  float within[TILE_DEPTH] = {0};
  for (int i = 0; i < TILE; i++, tile += TILE) {
    const void *row = place_in(at, type, i * stride);
    if (i >= height) {
      memset(tile, 0, sizeof(uint32_t) * TILE);
    } else if (depth < TILE_DEPTH) {
      memcpy(within, row, bytes_of(type) * depth);
      pair_neighbours(tile, within, type);
    } else {
      pair_neighbours(tile, row, type);
    }
  }
}

/* The tile of pairs of `depth` rows of up to TILE numbers that lie behind each other. */
INLINE void tile_across(const int type, uint32_t *tile, const void *at, int64_t stride,
                        int64_t depth, int64_t width) {
  float within[2][TILE] = {{0}};
  size_t bytes = bytes_of(type) * (width < TILE ? width : TILE);
  for (int k = 0; k < TILE_DEPTH; k += 2, tile += TILE) {
    const void *rows[2] = {place_in(at, type, k * stride), place_in(at, type, (k + 1) * stride)};
    if (k + 1 < depth && width >= TILE) {
      pair_rows(tile, rows[0], rows[1], type);
      continue;
    }
    for (int i = 0; i < 2; i++) {
      if (k + i < depth) memcpy(within[i], rows[i], bytes);
      else memset(within[i], 0, sizeof within[i]);
    }
    pair_rows(tile, within[0], within[1], type);
  }
}

/* A tile of a left factor, or of a right factor whose rows are columns; `type` is that of `m`. */
INLINE void pack_tile(const int type, uint32_t *tile, Matrix m, int64_t height, int64_t depth) {
  if (m.across == 1) {
    tile_along(type, tile, m.at, m.down, height, depth);
  } else {
    uint32_t beside[TILE_WORDS] ON_A_LINE;
    tile_across(type, beside, m.at, m.across, depth, height);
    turn(tile, beside);
  }
}

/* A tile of a right factor: that of the other side, turned. */
INLINE void pack_turned(const int type, uint32_t *tile, Matrix m, int64_t depth, int64_t width) {
  if (m.across == 1) {
    tile_across(type, tile, m.at, m.down, depth, width);
  } else {
    uint32_t beside[TILE_WORDS] ON_A_LINE;
    tile_along(type, beside, m.at, m.across, width, depth);
    turn(tile, beside);
  }
}

void pack(float *panels, Matrix b, int64_t depth, int64_t columns) {
  uint32_t *tile = (uint32_t *)panels;
  for (int64_t j = 0; j < columns; j += PANEL)
    for (int64_t k = 0; k < depth; k += TILE_DEPTH)
      for (int64_t h = j; h < j + PANEL; h += TILE, tile += TILE_WORDS)
        if (h >= columns) continue;
        else if (b.type == TYPE_bfloat16)
          pack_turned(TYPE_bfloat16, tile, part_of(b, k, h), depth - k, columns - h);
        else pack_turned(TYPE_float32, tile, part_of(b, k, h), depth - k, columns - h);
}

/* Rows of A in strips, as `pack` has columns of B. */
static void pack_rows(float *strips, Matrix a, int64_t rows, int64_t depth) {
  uint32_t *tile = (uint32_t *)strips;
  for (int64_t i = 0; i < rows; i += STRIP)
    for (int64_t k = 0; k < depth; k += TILE_DEPTH)
      for (int64_t h = i; h < i + STRIP; h += TILE, tile += TILE_WORDS)
        if (h >= rows) continue;
        else if (a.type == TYPE_bfloat16)
          pack_tile(TYPE_bfloat16, tile, part_of(a, h, k), rows - h, depth - k);
        else pack_tile(TYPE_float32, tile, part_of(a, h, k), rows - h, depth - k);
}

/* Up to two by two tiles of C, `high` and `wide` constants once inlined. */
INLINE void block(const int high, const int wide, int64_t steps, const uint32_t *strip,
                  const uint32_t *panel, float *c) {
  TILES;
  tiles_written();
  tile_zero(0);
  if (wide > 1) tile_zero(1);
  if (high > 1) tile_zero(2);
  if (high > 1 && wide > 1) tile_zero(3);
  for (int64_t k = 0; k < steps; k++, strip += PAIR, panel += PAIR) {
    tile_load(4, strip);
    tile_load(6, panel);
    tile_dot(0, 4, 6);
    if (wide > 1) {
      tile_load(7, panel + TILE_WORDS);
      tile_dot(1, 4, 7);
    }
    if (high > 1) {
      tile_load(5, strip + TILE_WORDS);
      tile_dot(2, 5, 6);
      if (wide > 1) tile_dot(3, 5, 7);
    }
  }
  tile_store(0, c, PANEL);
  if (wide > 1) tile_store(1, c + TILE, PANEL);
  if (high > 1) tile_store(2, c + TILE * PANEL, PANEL);
  if (high > 1 && wide > 1) tile_store(3, c + TILE * PANEL + TILE, PANEL);
}

static void block_of(int64_t rows, int64_t columns, int64_t steps, const uint32_t *strip,
                     const uint32_t *panel, float *c) {
  if (rows > TILE && columns > TILE) block(2, 2, steps, strip, panel, c);
  else if (rows > TILE) block(2, 1, steps, strip, panel, c);
  else if (columns > TILE) block(1, 2, steps, strip, panel, c);
  else block(1, 1, steps, strip, panel, c);
}

void put(const float *sums, int64_t rows, int64_t columns, float *c, int64_t stride,
         Finish finish) {
  for (int64_t i = 0; i < rows; i++, sums += PANEL, c += stride) {
    const float *more = finish.add ? c : finish.bias;
    int64_t j = 0;
    for (; j + LANES <= columns; j += LANES) {
      floats sum = load(sums + j);
      if (more) sum += load(more + j);
      store(c + j, activated(sum, finish.activation));
    }
    for (; j < columns; j++) {
      float sum = more ? sums[j] + more[j] : sums[j];
      c[j] = activated(every(sum), finish.activation)[0];
    }
  }
}

/* C from up to BLOCK_ROWS rows and DEPTH columns of A, and panels that begin `apart` words apart. */
static void block_rows(Frame *frame, Matrix a, int64_t rows, int64_t columns, int64_t depth,
                       const uint32_t *panels, int64_t apart, float *c, int64_t stride,
                       Finish finish) {
  int64_t steps = (depth + TILE_DEPTH - 1) / TILE_DEPTH;
  const uint32_t *strips = (const uint32_t *)frame->panel_a;
  float sums[STRIP * PANEL] ON_A_LINE;
  pack_rows(frame->panel_a, a, rows, depth);
  for (int64_t j = 0; j < columns; j += PANEL, panels += apart) {
    int64_t wide = columns - j < PANEL ? columns - j : PANEL;
    for (int64_t i = 0; i < rows; i += STRIP) {
      int64_t high = rows - i < STRIP ? rows - i : STRIP;
      block_of(high, wide, steps, strips + i / STRIP * steps * PAIR, panels, sums);
      put(sums, high, wide, c + i * stride + j, stride, finish);
    }
    if (finish.bias) finish.bias += wide;
  }
}

void multiply(Frame *frame, Matrix a, Matrix b, int64_t rows, int64_t columns, int64_t depth,
              float *c, int64_t stride, Finish finish) {
  if (is_thin(columns, depth)) {
    multiply_thin(a, b, rows, columns, depth, c, stride, finish);
    return;
  }
  /* Sums of nothing are made too. */
  for (int64_t k = 0; k < depth || k == 0; k += DEPTH) {
    int64_t deep = depth - k < DEPTH ? depth - k : DEPTH;
    int64_t apart = (deep + TILE_DEPTH - 1) / TILE_DEPTH * PAIR;
    for (int64_t j = 0; j < columns; j += BLOCK_COLUMNS) {
      int64_t wide = columns - j < BLOCK_COLUMNS ? columns - j : BLOCK_COLUMNS;
      Finish end = {finish.bias ? finish.bias + j : 0, finish.add || k > 0,
                    k + deep == depth ? finish.activation : ACTIVATION_none};
      pack(frame->panel_b, part_of(b, k, j), deep, wide);
      for (int64_t i = 0; i < rows && !stopped(frame); i += BLOCK_ROWS) {
        int64_t high = rows - i < BLOCK_ROWS ? rows - i : BLOCK_ROWS;
        block_rows(frame, part_of(a, i, k), high, wide, deep, (const uint32_t *)frame->panel_b,
                   apart, c + i * stride + j, stride, end);
      }
    }
  }
}

void multiply_packed(Frame *frame, Matrix a, const float *panels, int64_t rows, int64_t columns,
                     int64_t depth, float *c, int64_t stride, int add) {
  int64_t apart = (depth + TILE_DEPTH - 1) / TILE_DEPTH * PAIR;
  for (int64_t k = 0; k < depth; k += DEPTH) {
    int64_t deep = depth - k < DEPTH ? depth - k : DEPTH;
    for (int64_t i = 0; i < rows; i += BLOCK_ROWS) {
      int64_t high = rows - i < BLOCK_ROWS ? rows - i : BLOCK_ROWS;
      block_rows(frame, part_of(a, i, k), high, columns, deep,
                 (const uint32_t *)panels + k / TILE_DEPTH * PAIR, apart, c + i * stride, stride,
                 (Finish){0, add || k > 0, 0});
    }
  }
}

#if defined(__AMX_BF16__)

#include <sys/syscall.h>
#include <unistd.h>

/* Linux saves tiles only for processes that asked: ARCH_REQ_XCOMP_PERM of XFEATURE_XTILEDATA. */
int products_allowed(void) { return syscall(SYS_arch_prctl, 0x1023, 18) == 0; }

/* How large tiles are. A constant, as compilers take LDTILECFG to read its first bytes only and leave
   out what is written to the others. */
static const struct {
  uint8_t palette, start, reserved[14];
  uint16_t bytes[16]; /* of a row */
  uint8_t rows[16];
} SHAPES ON_A_LINE = {
    .palette = 1, .bytes = {[0 ... 7] = 4 * TILE}, .rows = {[0 ... 7] = TILE}};

void begin_products(void) { _tile_loadconfig(&SHAPES); }

void end_products(void) { _tile_release(); }

#else

int products_allowed(void) { return 1; }
void begin_products(void) {}
void end_products(void) {}

#endif
#endif
