/*
 * Numbers in bf16, the upper half of a float. Products round to them, and what only a gradient reads
 * later is kept in them: such rows are read by the functions here, which read rows of floats as well.
 */
#ifndef GIL_BF16_H
#define GIL_BF16_H

#include "gil.h"
#include "vectors.h"

#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

typedef uint16_t half __attribute__((may_alias));
typedef uint16_t halves __attribute__((vector_size(2 * LANES), aligned(2), may_alias));

/* Floats as the nearest bf16, of two equally near the even one; NaN stays NaN. */
INLINE halves rounded(floats x) {
#if defined(__AVX512BF16__)
  return (halves)_mm512_cvtneps_pbh((__m512)x);
#else
  words bits = (words)x, near = bits + 0x7fffu + (bits >> 16 & 1u);
  floats kept = choose(x == x, (floats)near, (floats)(bits | 0x400000u));
  return __builtin_convertvector((words)kept >> 16, halves);
#endif
}

/* The float that a bf16 is. */
INLINE float widened(uint16_t x) { return number((int32_t)((uint32_t)x << 16)); }

/* Bytes of a number. */
INLINE int64_t bytes_of(int type) { return type == TYPE_bfloat16 ? 2 : 4; }

/* Where the i-th number of a row lies. */
INLINE const void *place_in(const void *row, int type, int64_t i) {
  return (const char *)row + i * bytes_of(type);
}

/* Its i-th number. */
INLINE float one_of(const void *row, int type, int64_t i) {
  return type == TYPE_bfloat16 ? widened(((const half *)row)[i]) : ((const float *)row)[i];
}

/* Its numbers from the i-th on, as floats. */
INLINE floats floats_of(const void *row, int type, int64_t i) {
  if (type != TYPE_bfloat16) return load((const float *)row + i);
  return (floats)(__builtin_convertvector(*(const halves *)((const half *)row + i), words) << 16);
}

/* The same, rounded. */
INLINE halves halves_of(const void *row, int type, int64_t i) {
  if (type != TYPE_bfloat16) return rounded(load((const float *)row + i));
  return *(const halves *)((const half *)row + i);
}

#endif
