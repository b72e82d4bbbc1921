/*
 * Vectors of floats in the compilers' own notation, so that one source serves every instruction set:
 * the flags of a compilation say how wide a vector is, and how many of them a core holds.
 */
#ifndef GIL_VECTORS_H
#define GIL_VECTORS_H

#include <stdint.h>
#include <string.h>

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

/* Where `d` is a power of 2, lane p of the rows i and i + d after their parts changed places. */
#define UPPER(d, p) ((p) & (d) ? LANES + (p) - (d) : (p))
#define LOWER(d, p) ((p) & (d) ? LANES + (p) : (p) + (d))
#define FOUR(f, d, p) f(d, p), f(d, p + 1), f(d, p + 2), f(d, p + 3)
#if LANES == 16
#define PLACES(f, d) FOUR(f, d, 0), FOUR(f, d, 4), FOUR(f, d, 8), FOUR(f, d, 12)
#elif LANES == 8
#define PLACES(f, d) FOUR(f, d, 0), FOUR(f, d, 4)
#else
#define PLACES(f, d) FOUR(f, d, 0)
#endif
#if defined(__clang__)
#define SHUFFLE(a, b, f, d) __builtin_shufflevector(a, b, PLACES(f, d))
#else
#define SHUFFLE(a, b, f, d) __builtin_shuffle(a, b, (words){PLACES(f, d)})
#endif
#define QUARTER(d, p) ((p) / 4)
#define EXCHANGE(d)                                          \
  _Pragma("GCC unroll 16") for (int i = 0; i < LANES; i++) { \
    if (i & (d)) continue;                                   \
    words upper = x[i], lower = x[i + (d)];                  \
    x[i] = SHUFFLE(upper, lower, UPPER, d);                  \
    x[i + (d)] = SHUFFLE(upper, lower, LOWER, d);            \
  }

/* Rows become columns: parts of pairs of rows change places, then those of pairs of pairs and so on. */
INLINE void turn_square(words x[LANES]) {
  EXCHANGE(1)
  EXCHANGE(2)
#if LANES > 4
  EXCHANGE(4)
#endif
#if LANES > 8
  EXCHANGE(8)
#endif
}

/* Which of LANES bytes at an address are not 0: every lane has the word that its byte is in, and looks
   at that byte only. As many words are read. */
INLINE ints not_zero(const uint8_t *from) {
  words four, byte;
  memcpy(&four, from, sizeof four);
  for (int i = 0; i < LANES; i++) byte[i] = 0xffu << i % 4 * 8;
  return (ints)((SHUFFLE(four, four, QUARTER, 0) & byte) != (words){0});
}

/* The larger of two; the second where either is NaN. Compilers know one instruction for the loop. */
INLINE floats larger(floats a, floats b) {
  floats result;
  for (int i = 0; i < LANES; i++) result[i] = a[i] > b[i] ? a[i] : b[i];
  return result;
}

/*
 * e^(unit x) for x up to 0 and positive units, to about 1e-7: unit x = (n + r) ln 2 with |r| <= 1/2,
 * 2^r by the polynomial of degree 6 whose largest error is least (Remez), 2^n by the bits of the
 * exponent. Results below 2^-126.5 are 0; NaN stays NaN.
 */
INLINE floats decay_by(floats x, float unit) {
  const floats shift = every(12582912.f); /* 1.5 * 2^23: adding it rounds to an integer */
  const floats octaves = every(unit * 1.44269504f);
  x = larger(every(-88.f / unit), x); /* e^-88 has n = -127, whose exponent's bits are those of 0 */
  floats shifted = x * octaves + shift, n = shifted - shift;
#if defined(__FP_FAST_FMAF)
  floats r = x * octaves - n; /* the product is not rounded */
#else
  x = x * every(unit);
  floats r = (x - n * every(0.693359375f) + n * every(2.12194440e-4f)) * every(1.44269504f);
#endif
  floats p = every(1.5345812e-4f);
  p = p * r + every(1.3399931e-3f);
  p = p * r + every(9.6184890e-3f);
  p = p * r + every(5.5503288e-2f);
  p = p * r + every(2.4022647e-1f);
  p = p * r + every(6.9314721e-1f);
  p = p * r + every(1.f);
  /* The lowest bits of what was shifted are n. */
  return p * (floats)(((words)shifted + 127u) << 23);
}

/* e^x for x up to 0. */
INLINE floats decay(floats x) { return decay_by(x, 1); }

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
