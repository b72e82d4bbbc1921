/*
 * Vectors of floats in the compilers' own notation, so that one source serves every instruction set:
 * the flags of a compilation say how wide a vector is, and how many of them a core holds.
 */
#ifndef GIL_VECTORS_H
#define GIL_VECTORS_H

#include <stdint.h>

#if defined(__AVX512F__)
#define LANES 16
#define TILE_ROWS 12
#elif defined(__AVX__)
#define LANES 8
#define TILE_ROWS 6
#elif defined(__aarch64__)
#define LANES 4
#define TILE_ROWS 8
#else
#define LANES 4
#define TILE_ROWS 6
#endif

/* Columns of a tile of a product: two vectors. */
#define TILE_COLUMNS (2 * LANES)

typedef float floats __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t ints __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef uint32_t words __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

typedef uint8_t bytes __attribute__((vector_size(LANES), aligned(1), may_alias));

#define INLINE static inline __attribute__((always_inline))

INLINE floats load(const float *from) { return *(const floats *)from; }
INLINE void store(float *to, floats x) { *(floats *)to = x; }
INLINE floats every(float x) { return x - (floats){0}; }
INLINE float total(floats x) {
  float sum = 0;
  for (int i = 0; i < LANES; i++) sum += x[i];
  return sum;
}
INLINE floats choose(ints condition, floats yes, floats no) {
  return (floats)((condition & (ints)yes) | (~condition & (ints)no));
}
/* Which of the bytes at an address are not 0. */
INLINE ints not_zero(const uint8_t *from) {
  return __builtin_convertvector(*(const bytes *)from, ints) != (ints){0};
}

/*
 * e^x for x up to 0, to about 1e-7: x = n ln 2 + r with |r| <= ln 2 / 2, e^r by a polynomial of
 * degree 6, 2^n by the bits of the exponent. Results below the smallest normal number are 0; NaN
 * stays NaN.
 */
INLINE floats decay(floats x) {
  const floats shift = every(12582912.f); /* 1.5 * 2^23: adding it rounds to an integer */
  floats n = (x * every(1.44269504f) + shift) - shift;
  floats r = x - n * every(0.693359375f);
  r = r + n * every(2.12194440e-4f);
  floats p = every(1.3981999507e-3f);
  p = p * r + every(8.3334519073e-3f);
  p = p * r + every(4.1665795894e-2f);
  p = p * r + every(1.6666665459e-1f);
  p = p * r + every(5.0000001201e-1f);
  p = p * (r * r) + (r + every(1.f));
  words exponent = (words)__builtin_convertvector(n, ints);
  floats result = p * (floats)((exponent + 127u) << 23);
  return choose(x < every(-87.33654f), every(0.f), result);
}

/* e^x for any x; of positive numbers one over that of their negatives. */
INLINE floats exponential(floats x) {
  const floats least = every(-87.33654f), most = every(88.72284f);
  floats bounded = choose(x < least, least, choose(x > most, most, x));
  floats size = choose(bounded < every(0), bounded, -bounded);
  floats falling = decay(size);
  floats result = choose(bounded < every(0), falling, every(1) / falling);
  result = choose(x < least, every(0), result);
  return choose(x > most, every(__builtin_inff()), result);
}

#endif
