/*
 * Operations on each element alone: one operand, two, or a choice between two. Operands of two repeat
 * along axes by a stride of 0; the innermost axis is one of three plain loops, which the compiler
 * makes vectors of.
 */
#include <math.h>

#include "bf16.h"

/* Results lie where an operand lies, or elsewhere: never somewhat beside it. */
#define SAME_PLACES _Pragma("GCC ivdep")

#define EACH(type, result, expression)                                   \
  do {                                                                   \
    const type *x_ = in;                                                 \
    result *y_ = out;                                                    \
    SAME_PLACES for (int64_t i = 0; i < count; i++) {                                \
      type x = x_[i];                                                    \
      y_[i] = (expression);                                              \
    }                                                                    \
  } while (0);                                                           \
  break

/* Vectors of floats, the last one filled up with zeros. */
#define VECTORS(expression)                                              \
  do {                                                                   \
    const float *x_ = in;                                                \
    float *y_ = out;                                                     \
    int64_t i = 0;                                                       \
    for (; i + LANES <= count; i += LANES) {                             \
      floats x = load(x_ + i);                                           \
      store(y_ + i, expression);                                         \
    }                                                                    \
    floats x = every(0);                                                 \
    for (int j = 0; i + j < count; j++) x[j] = x_[i + j];                \
    floats last = expression;                                            \
    for (int j = 0; i + j < count; j++) y_[i + j] = last[j];             \
  } while (0);                                                           \
  break

static float gelu(float x) { return 0.5f * x * (1 + erff(x * 0.70710678f)); }
static int32_t whole(float x) {
  return x >= 2147483648.f ? INT32_MAX : x < -2147483648.f ? INT32_MIN : x != x ? 0 : (int32_t)x;
}

static void round_all(half *to, const float *x, int64_t count) {
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) *(halves *)(to + i) = rounded(load(x + i));
  floats last = every(0);
  for (int j = 0; i + j < count; j++) last[j] = x[i + j];
  for (int j = 0; i + j < count; j++) to[i + j] = rounded(last)[j];
}

static void map_floats(int code, int64_t count, const void *in, void *out, float p, float q) {
  switch (code) {
    case ONE_Abs: EACH(float, float, fabsf(x));
    case ONE_Acos: EACH(float, float, acosf(x));
    case ONE_Acosh: EACH(float, float, acoshf(x));
    case ONE_Asin: EACH(float, float, asinf(x));
    case ONE_Asinh: EACH(float, float, asinhf(x));
    case ONE_Atan: EACH(float, float, atanf(x));
    case ONE_Atanh: EACH(float, float, atanhf(x));
    case ONE_Ceil: EACH(float, float, ceilf(x));
    case ONE_Clip: EACH(float, float, x < p ? p : x > q ? q : x);
    case ONE_Cos: EACH(float, float, cosf(x));
    case ONE_Cosh: EACH(float, float, coshf(x));
    case ONE_Elu: EACH(float, float, x < 0 ? expm1f(x) : x);
    case ONE_Erf: EACH(float, float, erff(x));
    case ONE_Exp: VECTORS(exponential(x));
    case ONE_Floor: EACH(float, float, floorf(x));
    case ONE_Gelu: EACH(float, float, gelu(x));
    case ONE_HardSigmoid: {
      EACH(float, float, x * p + q < 0 ? 0 : x * p + q > 1 ? 1 : x * p + q);
    }
    case ONE_IsNaN: EACH(float, uint8_t, x != x);
    case ONE_LeakyRelu: EACH(float, float, x < 0 ? p * x : x);
    case ONE_Log: EACH(float, float, logf(x));
    case ONE_Neg: EACH(float, float, -x);
    case ONE_Reciprocal: EACH(float, float, 1 / x);
    case ONE_Relu: EACH(float, float, x < 0 ? 0 : x);
    case ONE_Round: EACH(float, float, rintf(x));
    case ONE_Selu: EACH(float, float, x < 0 ? 1.7580993f * expm1f(x) : 1.0507010f * x);
    case ONE_Sigmoid: VECTORS(every(1) / (every(1) + exponential(-x)));
    case ONE_Sign: EACH(float, float, x > 0 ? 1 : x < 0 ? -1 : x);
    case ONE_Sin: EACH(float, float, sinf(x));
    case ONE_Sinh: EACH(float, float, sinhf(x));
    case ONE_Softplus: EACH(float, float, x > 20 ? x : log1pf(expf(x)));
    case ONE_Sqrt: EACH(float, float, sqrtf(x));
    case ONE_Tan: EACH(float, float, tanf(x));
    case ONE_Tanh: EACH(float, float, tanhf(x));
    case ONE_ToBfloat16: round_all(out, in, count); break;
    case ONE_ToInt: EACH(float, int32_t, whole(x));
    case ONE_ToBool: EACH(float, uint8_t, x != 0);
  }
}

static void map_ints(int code, int64_t count, const void *in, void *out, int32_t p, int32_t q) {
  switch (code) {
    case ONE_Abs: EACH(int32_t, int32_t, x < 0 ? (int32_t)(0u - (uint32_t)x) : x);
    case ONE_Clip: EACH(int32_t, int32_t, x < p ? p : x > q ? q : x);
    case ONE_Neg: EACH(int32_t, int32_t, (int32_t)(0u - (uint32_t)x));
    case ONE_Relu: EACH(int32_t, int32_t, x < 0 ? 0 : x);
    case ONE_Sign: EACH(int32_t, int32_t, (x > 0) - (x < 0));
    case ONE_ToFloat: EACH(int32_t, float, (float)x);
    case ONE_ToBool: EACH(int32_t, uint8_t, x != 0);
    /* Whole numbers are their own floor, ceiling and nearest. */
    default: EACH(int32_t, int32_t, x);
  }
}

static void map_bytes(int code, int64_t count, const void *in, void *out) {
  switch (code) {
    case ONE_Not: EACH(uint8_t, uint8_t, !x);
    case ONE_ToFloat: EACH(uint8_t, float, (float)x);
    case ONE_ToInt: EACH(uint8_t, int32_t, x);
    default: EACH(uint8_t, uint8_t, x);
  }
}

static const int64_t BYTES[] = {[TYPE_float32] = 4, [TYPE_int32] = 4, [TYPE_bool] = 1, [TYPE_bfloat16] = 2};

static int type_after(int code, int type) {
  return code == ONE_ToFloat                        ? TYPE_float32
         : code == ONE_ToBfloat16                   ? TYPE_bfloat16
         : code == ONE_ToInt                        ? TYPE_int32
         : code == ONE_ToBool || code == ONE_IsNaN  ? TYPE_bool
                                                    : type;
}

static void map_one_part(Frame *frame, const int32_t *w, int64_t from, int64_t to) {
  void *out = (char *)at(frame, w) + from * BYTES[type_after(w[4], w[5])];
  const void *in = (char *)at(frame, w + 2) + from * BYTES[w[5]];
  int64_t count = to - from;
  if (w[5] == TYPE_float32) map_floats(w[4], count, in, out, number(w[7]), number(w[8]));
  else if (w[5] == TYPE_int32) map_ints(w[4], count, in, out, w[7], w[8]);
  else map_bytes(w[4], count, in, out);
}

/* out, in; code, element type of in, count; two parameters. */
void map_one(Frame *frame, const int32_t *w) { in_parts(frame, w, map_one_part, w[6], w[6]); }

/* One row of two operands, by their strides along it. */
#define PAIR(type, other, result, expression)                                    \
  do {                                                                           \
    const type *a_ = a;                                                          \
    const other *b_ = b;                                                         \
    result *y_ = out;                                                            \
    if (stride_a == 1 && stride_b == 1)                                          \
      SAME_PLACES for (int64_t i = 0; i < count; i++) {                                      \
        type x = a_[i];                                                          \
        other y = b_[i];                                                         \
        y_[i] = (expression);                                                    \
      }                                                                          \
    else if (stride_a == 1 && stride_b == 0) {                                   \
      other y = *b_;                                                             \
      SAME_PLACES for (int64_t i = 0; i < count; i++) {                                      \
        type x = a_[i];                                                          \
        y_[i] = (expression);                                                    \
      }                                                                          \
    } else if (stride_a == 0 && stride_b == 1) {                                 \
      type x = *a_;                                                              \
      SAME_PLACES for (int64_t i = 0; i < count; i++) {                                      \
        other y = b_[i];                                                         \
        y_[i] = (expression);                                                    \
      }                                                                          \
    } else                                                                       \
      SAME_PLACES for (int64_t i = 0; i < count; i++) {                                      \
        type x = a_[i * stride_a];                                               \
        other y = b_[i * stride_b];                                              \
        y_[i] = (expression);                                                    \
      }                                                                          \
  } while (0);                                                                   \
  break

/* The same for operations that are rare, or seldom meet operands that repeat. */
#define RARE(type, other, result, expression)                                    \
  do {                                                                           \
    const type *a_ = a;                                                          \
    const other *b_ = b;                                                         \
    result *y_ = out;                                                            \
    for (int64_t i = 0; i < count; i++) {                                        \
      type x = a_[i * stride_a];                                                 \
      other y = b_[i * stride_b];                                                \
      y_[i] = (expression);                                                      \
    }                                                                            \
  } while (0);                                                                   \
  break

static float power(float x, float y) { return y == 2 ? x * x : powf(x, y); }
static float gelu_slope(float x) {
  return 0.5f * (1 + erff(x * 0.70710678f)) + x * 0.39894228f * expf(-0.5f * x * x);
}

/* Gradients x by what the rectifier or its leaky kin made of y. */
INLINE float before_relu(float x, float y) { return y > 0 ? x : y != y ? y : 0; }
INLINE float before_leaky_relu(float x, float y, float p) { return y > 0 ? x : x * p; }

static void pair_floats(int code, int64_t count, const void *a, int64_t stride_a, const void *b,
                        int64_t stride_b, void *out, float p) {
  switch (code) {
    case TWO_Add: PAIR(float, float, float, x + y);
    case TWO_Sub: PAIR(float, float, float, x - y);
    case TWO_Mul: PAIR(float, float, float, x * y);
    case TWO_Div: PAIR(float, float, float, x / y);
    case TWO_Pow: RARE(float, float, float, power(x, y));
    case TWO_Max: PAIR(float, float, float, x > y || x != x ? x : y);
    case TWO_Min: PAIR(float, float, float, x < y || x != x ? x : y);
    case TWO_Greater: RARE(float, float, uint8_t, x > y);
    case TWO_GreaterOrEqual: RARE(float, float, uint8_t, x >= y);
    case TWO_Less: RARE(float, float, uint8_t, x < y);
    case TWO_LessOrEqual: RARE(float, float, uint8_t, x <= y);
    case TWO_Equal: RARE(float, float, uint8_t, x == y);
    /* x where the byte y keeps it, enlarged by p. */
    case TWO_Drop: PAIR(float, uint8_t, float, y ? x * p : 0);
    case TWO_ReluGradient: PAIR(float, float, float, before_relu(x, y));
    case TWO_LeakyReluGradient: PAIR(float, float, float, before_leaky_relu(x, y, p));
    case TWO_GeluGradient: RARE(float, float, float, x * gelu_slope(y));
  }
}

/* The same gradients, of what the forward pass saved in bf16. */
static void pair_saved(int code, int64_t count, const void *a, int64_t stride_a, const void *b,
                       int64_t stride_b, void *out, float p) {
  switch (code) {
    case TWO_ReluGradient: PAIR(float, half, float, before_relu(x, widened(y)));
    case TWO_LeakyReluGradient: PAIR(float, half, float, before_leaky_relu(x, widened(y), p));
    case TWO_GeluGradient: RARE(float, half, float, x * gelu_slope(widened(y)));
  }
}

static int32_t remainder_of(int32_t x, int32_t y) {
  if (y == 0 || y == -1) return 0;
  int32_t rest = x % y;
  return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
}
static int32_t quotient(int32_t x, int32_t y) {
  return y == 0 ? 0 : y == -1 ? (int32_t)(0u - (uint32_t)x) : x / y;
}
static int32_t times(int32_t x, int32_t y) { return (int32_t)((uint32_t)x * (uint32_t)y); }

static void pair_ints(int code, int64_t count, const void *a, int64_t stride_a, const void *b,
                      int64_t stride_b, void *out) {
  switch (code) {
    case TWO_Add: RARE(int32_t, int32_t, int32_t, (int32_t)((uint32_t)x + (uint32_t)y));
    case TWO_Sub: RARE(int32_t, int32_t, int32_t, (int32_t)((uint32_t)x - (uint32_t)y));
    case TWO_Mul: RARE(int32_t, int32_t, int32_t, times(x, y));
    case TWO_Div: RARE(int32_t, int32_t, int32_t, quotient(x, y));
    case TWO_Mod: RARE(int32_t, int32_t, int32_t, remainder_of(x, y));
    case TWO_Pow: RARE(int32_t, int32_t, int32_t, whole((float)pow(x, y)));
    case TWO_Max: RARE(int32_t, int32_t, int32_t, x > y ? x : y);
    case TWO_Min: RARE(int32_t, int32_t, int32_t, x < y ? x : y);
    case TWO_Greater: RARE(int32_t, int32_t, uint8_t, x > y);
    case TWO_GreaterOrEqual: RARE(int32_t, int32_t, uint8_t, x >= y);
    case TWO_Less: RARE(int32_t, int32_t, uint8_t, x < y);
    case TWO_LessOrEqual: RARE(int32_t, int32_t, uint8_t, x <= y);
    case TWO_Equal: RARE(int32_t, int32_t, uint8_t, x == y);
  }
}

static void pair_bytes(int code, int64_t count, const void *a, int64_t stride_a, const void *b,
                       int64_t stride_b, void *out) {
  switch (code) {
    case TWO_And: RARE(uint8_t, uint8_t, uint8_t, x && y);
    case TWO_Or: RARE(uint8_t, uint8_t, uint8_t, x || y);
    case TWO_Xor: RARE(uint8_t, uint8_t, uint8_t, !x != !y);
    case TWO_Equal: RARE(uint8_t, uint8_t, uint8_t, !x == !y);
  }
}

/* Rows from one to another; elements where there is one row only. */
static void map_two_part(Frame *frame, const int32_t *w, int64_t from, int64_t to) {
  int code = w[6], type = w[7], axes = w[11], inner = axes - 1;
  const int32_t *lengths = w + 12, *stride_a = lengths + axes, *stride_b = stride_a + axes;
  int64_t along_a = stride_a[inner], along_b = stride_b[inner];
  int64_t count = inner == 0 ? to - from : lengths[inner], rows = inner == 0 ? 1 : to - from;
  float p = number(w[10]);
  for (int64_t row = 0; row < rows; row++) {
    int64_t rest = from + row, at_a = 0, at_b = 0, at_out = rest * (inner == 0 ? 1 : count);
    for (int i = inner == 0 ? 0 : inner - 1; i >= 0; i--) {
      at_a += rest % lengths[i] * stride_a[i];
      at_b += rest % lengths[i] * stride_b[i];
      rest /= lengths[i];
    }
    const char *a = (char *)at(frame, w + 2) + at_a * BYTES[type];
    const char *b = (char *)at(frame, w + 4) + at_b * BYTES[w[8]];
    char *out = (char *)at(frame, w) + at_out * BYTES[w[9]];
    if (w[8] == TYPE_bfloat16) pair_saved(code, count, a, along_a, b, along_b, out, p);
    else if (type == TYPE_float32) pair_floats(code, count, a, along_a, b, along_b, out, p);
    else if (type == TYPE_int32) pair_ints(code, count, a, along_a, b, along_b, out);
    else pair_bytes(code, count, a, along_a, b, along_b, out);
  }
}

/* out, a, b; code, element types of a, b and out, parameter; axes: lengths, strides of a and b. */
void map_two(Frame *frame, const int32_t *w) {
  int64_t axes = w[11], rows = 1, count = w[12 + axes - 1];
  for (int i = 0; i < axes - 1; i++) rows *= w[12 + i];
  in_parts(frame, w, map_two_part, axes == 1 ? count : rows, rows * count);
}

/* out, condition, yes, no; bytes of an element; axes: lengths, strides of the three. */
void where(Frame *frame, const int32_t *w) {
  char *out = at(frame, w);
  const uint8_t *condition = at(frame, w + 2);
  const char *yes = at(frame, w + 4), *no = at(frame, w + 6);
  int64_t bytes = w[8], place[AXES] = {0}, count = 1, at_c = 0, at_y = 0, at_n = 0;
  int axes = w[9];
  const int32_t *lengths = w + 10, *c = lengths + axes, *y = c + axes, *n = y + axes;
  for (int i = 0; i < axes; i++) count *= lengths[i];
  for (int64_t at_out = 0; at_out < count; at_out++) {
    const char *from = condition[at_c] ? yes + at_y * bytes : no + at_n * bytes;
    for (int64_t i = 0; i < bytes; i++) out[at_out * bytes + i] = from[i];
    for (int i = axes - 1; i >= 0; i--) {
      at_c += c[i];
      at_y += y[i];
      at_n += n[i];
      if (++place[i] < lengths[i]) break;
      at_c -= (int64_t)c[i] * lengths[i];
      at_y -= (int64_t)y[i] * lengths[i];
      at_n -= (int64_t)n[i] * lengths[i];
      place[i] = 0;
    }
  }
}
