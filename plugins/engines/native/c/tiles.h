/*
 * Tiles of products in bf16: 16 rows of 64 bytes, as AMX has them.
 *
 * A row of a left factor is 32 numbers of a row of A. A row of a right factor is 16 pairs of numbers,
 * of two rows of B, so that both factors are rows of 16 pairs, and a product multiplies pairs and
 * adds up twice as many numbers as a vector has floats. A row of a sum is 16 floats.
 *
 * Tiles have numbers: 0 to 3 are sums, 4 and 5 left factors, 6 and 7 right ones. What can be done with
 * them is all that depends on the processor: with AMX a tile is a register; else a sum is memory and
 * a factor stays where it is. Pairs are words whose lower half is the first (little endian).
 */
#ifndef GIL_TILES_H
#define GIL_TILES_H

#include <string.h>

#include "bf16.h"

#if defined(__AMX_BF16__)
#include <immintrin.h>
#endif

/* Rows of a tile, and words and numbers of a row of a factor. */
#define TILE 16
#define TILE_WORDS (TILE * TILE)
#define TILE_DEPTH 32

#define ON_A_LINE __attribute__((aligned(64)))

#if defined(__AMX_BF16__)

#define TILES
#define tile_zero(n) _tile_zero(n)
#define tile_load(n, from) _tile_loadd(n, from, 64)
#define tile_dot(sum, left, right) _tile_dpbf16ps(sum, left, right)
#define tile_store(n, to, stride) _tile_stored(n, to, 4 * (stride))
/* Compilers do not know that a tile is read from memory: what was written must be there. */
#define tiles_written() __asm__ volatile("" ::: "memory")

#else

typedef struct {
  float sums[4][TILE_WORDS] ON_A_LINE;
  const uint32_t *factors[8];
} Tiles;

#if defined(__AVX512BF16__)
INLINE void dot(float *sum, const uint32_t *left, const uint32_t *right) {
  __m512 rows[TILE];
#pragma GCC unroll 16
  for (int i = 0; i < TILE; i++) rows[i] = _mm512_loadu_ps(sum + i * TILE);
  for (int k = 0; k < TILE; k++) {
    __m512bh b = (__m512bh)_mm512_loadu_si512(right + k * TILE);
#pragma GCC unroll 16
    for (int i = 0; i < TILE; i++) {
      __m512bh a = (__m512bh)_mm512_set1_epi32((int)left[i * TILE + k]);
      rows[i] = _mm512_dpbf16_ps(rows[i], a, b);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < TILE; i++) _mm512_storeu_ps(sum + i * TILE, rows[i]);
}
#else
/* The two numbers of pairs as floats. */
INLINE floats firsts(words pairs) { return (floats)(pairs << 16); }
INLINE floats seconds(words pairs) { return (floats)(pairs & 0xffff0000u); }

/* HIGH rows and WIDE vectors of a sum stay in registers. */
INLINE void dot(float *sum, const uint32_t *left, const uint32_t *right) {
  enum { HIGH = LANES == 16 ? 8 : 4, WIDE = LANES == 16 ? 1 : 2 };
  for (int j = 0; j < TILE; j += WIDE * LANES)
    for (int i = 0; i < TILE; i += HIGH) {
      floats part[HIGH][WIDE];
#pragma GCC unroll 8
      for (int r = 0; r < HIGH; r++)
#pragma GCC unroll 2
        for (int v = 0; v < WIDE; v++) part[r][v] = load(sum + (i + r) * TILE + j + v * LANES);
      for (int k = 0; k < TILE; k++) {
        words b[WIDE];
#pragma GCC unroll 2
        for (int v = 0; v < WIDE; v++) b[v] = *(const words *)(right + k * TILE + j + v * LANES);
#pragma GCC unroll 8
        for (int r = 0; r < HIGH; r++) {
          words a = (words){0} + left[(i + r) * TILE + k];
#pragma GCC unroll 2
          for (int v = 0; v < WIDE; v++) {
            part[r][v] += firsts(a) * firsts(b[v]);
            part[r][v] += seconds(a) * seconds(b[v]);
          }
        }
      }
#pragma GCC unroll 8
      for (int r = 0; r < HIGH; r++)
#pragma GCC unroll 2
        for (int v = 0; v < WIDE; v++) store(sum + (i + r) * TILE + j + v * LANES, part[r][v]);
    }
}
#endif

#define TILES Tiles tiles
#define tile_zero(n) memset(tiles.sums[n], 0, sizeof tiles.sums[n])
#define tile_load(n, from) (tiles.factors[n] = (from))
#define tile_dot(sum, left, right) dot(tiles.sums[sum], tiles.factors[left], tiles.factors[right])
#define tile_store(n, to, stride) store_tile(tiles.sums[n], to, stride)
#define tiles_written()

INLINE void store_tile(const float *sum, float *to, int64_t stride) {
  for (int i = 0; i < TILE; i++) memcpy(to + i * stride, sum + i * TILE, sizeof(float) * TILE);
}
#endif

/* A row of a factor: pairs of neighbours among 32 numbers. */
INLINE void pair_neighbours(uint32_t *to, const void *x, int type) {
  for (int j = 0; j < TILE_DEPTH; j += LANES) *(halves *)((half *)to + j) = halves_of(x, type, j);
}

/* A row of a factor: pairs of two rows of 16 numbers. */
INLINE void pair_rows(uint32_t *to, const void *first, const void *second, int type) {
  for (int j = 0; j < TILE; j += LANES) {
    words low = __builtin_convertvector(halves_of(first, type, j), words);
    words high = __builtin_convertvector(halves_of(second, type, j), words);
    *(words *)(to + j) = low | high << 16;
  }
}

/* Rows become columns. */
INLINE void turn(uint32_t *to, const uint32_t *tile) {
  for (int row = 0; row < TILE; row += LANES)
    for (int column = 0; column < TILE; column += LANES) {
      words x[LANES];
      for (int i = 0; i < LANES; i++) x[i] = *(const words *)(tile + (row + i) * TILE + column);
      turn_square(x);
      for (int i = 0; i < LANES; i++) *(words *)(to + (column + i) * TILE + row) = x[i];
    }
}

#endif
