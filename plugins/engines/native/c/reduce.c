/*
 * Operations along axes: sums, products and extremes; positions of extremes; softmax; running sums.
 */
#include <math.h>

#include "gil.h"
#include "vectors.h"

static float sum_of(const float *x, int64_t count) {
  floats parts[4] = {{0}, {0}, {0}, {0}};
  int64_t i = 0;
  for (; i + 4 * LANES <= count; i += 4 * LANES)
    for (int j = 0; j < 4; j++) parts[j] += load(x + i + j * LANES);
  float sum = total((parts[0] + parts[1]) + (parts[2] + parts[3]));
  for (; i < count; i++) sum += x[i];
  return sum;
}

/* Rows whose sum is made apart: terms one by one on a large sum would each lose digits to it. */
#define APART 32

/* The sum of rows, `step` from row to row, on top of what `to` holds. */
static void add_rows(float *to, const float *from, int64_t rows, int64_t step, int64_t count) {
  for (int64_t first = 0; first < rows; first += APART) {
    int64_t end = first + APART < rows ? first + APART : rows, i = 0;
    for (; i + 4 * LANES <= count; i += 4 * LANES) {
      floats parts[4] = {{0}, {0}, {0}, {0}};
      for (int64_t row = first; row < end; row++)
        for (int j = 0; j < 4; j++) parts[j] += load(from + row * step + i + j * LANES);
      for (int j = 0; j < 4; j++) store(to + i + j * LANES, load(to + i + j * LANES) + parts[j]);
    }
    for (; i < count; i++) {
      float part = 0;
      for (int64_t row = first; row < end; row++) part += from[row * step + i];
      to[i] += part;
    }
  }
}

/* One row into `out`, which moves on by `stride` (0 or 1) from element to element. */
#define FOLD(type, expression)                                     \
  do {                                                             \
    const type *in = from;                                         \
    type *y_ = to;                                                 \
    if (stride == 0) {                                             \
      type x = *y_;                                                \
      for (int64_t i = 0; i < count; i++) {                        \
        type y = in[i * step];                                     \
        x = (expression);                                          \
      }                                                            \
      *y_ = x;                                                     \
    } else                                                         \
      for (int64_t i = 0; i < count; i++) {                        \
        type x = y_[i * stride], y = in[i * step];                 \
        y_[i * stride] = (expression);                             \
      }                                                            \
  } while (0);                                                     \
  break

static void fold_floats(int code, int64_t count, const void *from, int64_t step, void *to,
                        int64_t stride) {
  switch (code) {
    case FOLD_Sum:
      if (stride == 0 && step == 1) {
        *(float *)to += sum_of(from, count);
        return;
      }
      if (stride == 1 && step == 1) {
        add_rows(to, from, 1, 0, count);
        return;
      }
      FOLD(float, x + y);
    case FOLD_Prod: FOLD(float, x * y);
    case FOLD_Max: FOLD(float, x > y || x != x ? x : y);
    case FOLD_Min: FOLD(float, x < y || x != x ? x : y);
  }
}

static void fold_ints(int code, int64_t count, const void *from, int64_t step, void *to,
                      int64_t stride) {
  switch (code) {
    case FOLD_Sum: FOLD(int32_t, (int32_t)((uint32_t)x + (uint32_t)y));
    case FOLD_Prod: FOLD(int32_t, (int32_t)((uint32_t)x * (uint32_t)y));
    case FOLD_Max: FOLD(int32_t, x > y ? x : y);
    case FOLD_Min: FOLD(int32_t, x < y ? x : y);
  }
}

/* out, in; code, element type, add to out, numbers of out, factor at the end; axes: lengths, strides
   of in and of out. */
void reduce(Frame *frame, const int32_t *w) {
  char *out = at(frame, w);
  const char *in = at(frame, w + 2);
  int code = w[4], type = w[5], axes = w[9], inner = axes - 1;
  const int32_t *lengths = w + 10, *step = lengths + axes, *stride = step + axes;
  int64_t size = w[7], rows = 1, place[AXES] = {0};
  static const float FLOATS[] = {[FOLD_Prod] = 1, [FOLD_Max] = -INFINITY, [FOLD_Min] = INFINITY};
  static const int32_t INTS[] = {[FOLD_Prod] = 1, [FOLD_Max] = INT32_MIN, [FOLD_Min] = INT32_MAX};
  for (int64_t i = 0; i < size && !w[6]; i++) {
    if (type == TYPE_float32) ((float *)out)[i] = code == FOLD_Sum ? 0 : FLOATS[code];
    else ((int32_t *)out)[i] = code == FOLD_Sum ? 0 : INTS[code];
  }
  /* Rows that all meet one row: gradients of what is added to each. */
  int together = type == TYPE_float32 && code == FOLD_Sum && axes > 1 && step[inner] == 1 &&
                 stride[inner] == 1 && stride[inner - 1] == 0;
  int outer = together ? inner - 1 : inner;
  for (int i = 0; i < outer; i++) rows *= lengths[i];
  for (int64_t row = 0; row < rows; row++) {
    int64_t from = 0, to = 0;
    for (int i = 0; i < outer; i++) {
      from += place[i] * step[i];
      to += place[i] * stride[i];
    }
    if (together)
      add_rows((float *)out + to, (const float *)in + from, lengths[outer], step[outer],
               lengths[inner]);
    else if (type == TYPE_float32)
      fold_floats(code, lengths[inner], in + 4 * from, step[inner], out + 4 * to, stride[inner]);
    else fold_ints(code, lengths[inner], in + 4 * from, step[inner], out + 4 * to, stride[inner]);
    for (int i = outer - 1; i >= 0 && ++place[i] == lengths[i]; i--) place[i] = 0;
  }
  float factor = number(w[8]);
  if (factor != 1)
    for (int64_t i = 0; i < size; i++) ((float *)out)[i] *= factor;
}

/* out, in; whether the largest, element type; lengths before, along and behind the axis. */
void position(Frame *frame, const int32_t *w) {
  int32_t *out = at(frame, w);
  const float *x = at(frame, w + 2);
  const int32_t *n = at(frame, w + 2);
  int largest = w[4], is_float = w[5] == TYPE_float32;
  int64_t before = w[6], along = w[7], behind = w[8];
  for (int64_t i = 0; i < before; i++)
    for (int64_t j = 0; j < behind; j++) {
      int64_t first = i * along * behind + j, best = first;
      for (int64_t k = first + behind; k < first + along * behind; k += behind) {
        int better = is_float ? (largest ? x[k] > x[best] : x[k] < x[best])
                              : (largest ? n[k] > n[best] : n[k] < n[best]);
        if (better) best = k;
      }
      out[i * behind + j] = (int32_t)((best - first) / behind);
    }
}

/* out, in; whether the logarithm; lengths before, along and behind the axis. */
void softmax(Frame *frame, const int32_t *w) {
  float *out = at(frame, w);
  const float *in = at(frame, w + 2);
  int64_t before = w[5], along = w[6], behind = w[7];
  for (int64_t i = 0; i < before * behind; i++) {
    int64_t first = i / behind * along * behind + i % behind;
    const float *x = in + first;
    float *y = out + first, top = -INFINITY, sum = 0;
    for (int64_t k = 0; k < along; k++) top = x[k * behind] > top ? x[k * behind] : top;
    for (int64_t k = 0; k < along; k += LANES) {
      floats part = every(-INFINITY);
      int64_t count = along - k < LANES ? along - k : LANES;
      for (int64_t j = 0; j < count; j++) part[j] = x[(k + j) * behind] - top;
      floats raised = decay(part);
      sum += total(raised);
      for (int64_t j = 0; j < count; j++) y[(k + j) * behind] = w[4] ? part[j] : raised[j];
    }
    float share = w[4] ? logf(sum) : 1 / sum;
    for (int64_t k = 0; k < along; k++) {
      if (w[4]) y[k * behind] -= share;
      else y[k * behind] *= share;
    }
  }
}

/* out, in; element type, without the element itself, from the end; lengths before, along, behind. */
void cumulate(Frame *frame, const int32_t *w) {
  float *out = at(frame, w);
  const float *in = at(frame, w + 2);
  int is_float = w[4] == TYPE_float32;
  int64_t before = w[7], along = w[8], behind = w[9];
  for (int64_t i = 0; i < before * behind; i++) {
    int64_t first = i / behind * along * behind + i % behind;
    float sum = 0;
    uint32_t count = 0;
    for (int64_t k = 0; k < along; k++) {
      int64_t here = first + (w[6] ? along - 1 - k : k) * behind;
      float x = in[here];
      uint32_t n = ((const uint32_t *)in)[here];
      if (is_float) out[here] = w[5] ? sum : sum + x;
      else ((uint32_t *)out)[here] = w[5] ? count : count + n;
      sum += x;
      count += n;
    }
  }
}
