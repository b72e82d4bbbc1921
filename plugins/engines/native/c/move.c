/*
 * Elements that move without changing: copies by strides, which transpose, cut, join, repeat and
 * pad; rows that are read by their ids; rows that are added to others by their ids.
 */
#include <string.h>

#include "gil.h"

static void copy_part(Frame *frame, const int32_t *w, int64_t first, int64_t end) {
  int64_t bytes = w[4];
  char *out = (char *)at(frame, w) + bytes * w[5];
  const char *in = (const char *)at(frame, w + 2) + bytes * w[6];
  int axes = w[7], inner = axes - 1;
  const int32_t *lengths = w + 8, *step = lengths + axes, *stride = step + axes;
  int64_t count = lengths[inner], along = step[inner], across = stride[inner];
  for (int64_t row = first; row < end; row++) {
    int64_t from = 0, to = 0, rest = row;
    for (int i = inner - 1; i >= 0; rest /= lengths[i--]) {
      from += rest % lengths[i] * step[i];
      to += rest % lengths[i] * stride[i];
    }
    if (along == 1 && across == 1) {
      memcpy(out + bytes * to, in + bytes * from, bytes * count);
    } else if (bytes == 4) {
      const float *x = (const float *)in + from;
      float *y = (float *)out + to;
      for (int64_t i = 0; i < count; i++) y[i * across] = x[i * along];
    } else {
      for (int64_t i = 0; i < count; i++) out[to + i * across] = in[from + i * along];
    }
  }
}

/* out, in; bytes of an element, where to begin in out and in; axes: lengths, strides of in, of out. */
void copy(Frame *frame, const int32_t *w) {
  int64_t axes = w[7], rows = 1;
  for (int i = 0; i < axes - 1; i++) rows *= w[8 + i];
  in_parts(frame, w, copy_part, rows, rows * w[8 + axes - 1]);
}

/* out; bytes of an element, count, the element. */
void fill(Frame *frame, const int32_t *w) {
  int32_t *out = at(frame, w), element = w[4];
  int64_t count = w[3];
  if (w[2] == 1) memset(out, element, count);
  else for (int64_t i = 0; i < count; i++) out[i] = element;
}

/* out, table, ids; bytes of an element; lengths before, along and behind the axis; number of ids. */
void gather(Frame *frame, const int32_t *w) {
  char *out = at(frame, w);
  const char *table = at(frame, w + 2);
  const int32_t *ids = at(frame, w + 4);
  int64_t before = w[7], along = w[8], bytes = (int64_t)w[6] * w[9], count = w[10];
  for (int64_t i = 0; i < before; i++)
    for (int64_t k = 0; k < count; k++, out += bytes) {
      if (ids[k] < 0 || ids[k] >= along) {
        frame->outcome = OUTSIDE;
        memset(out, 0, bytes);
      } else {
        memcpy(out, table + (i * along + ids[k]) * bytes, bytes);
      }
    }
}

/* out, table, ids; bytes of an element; cells of the batch, ids a cell, numbers an id: lengths of the
   axes that they count; length of what an id names. */
void gather_many(Frame *frame, const int32_t *w) {
  char *out = at(frame, w);
  const char *table = at(frame, w + 2);
  const int32_t *ids = at(frame, w + 4), *lengths = w + 11;
  int64_t batch = w[7], count = w[8], bytes = (int64_t)w[6] * w[10], cell = 1;
  int depth = w[9];
  for (int i = 0; i < depth; i++) cell *= lengths[i];
  for (int64_t n = 0; n < batch; n++)
    for (int64_t k = 0; k < count; k++, ids += depth, out += bytes) {
      int64_t place = 0, inside = 1;
      for (int i = 0; i < depth; i++) {
        inside &= ids[i] >= 0 && ids[i] < lengths[i];
        place = place * lengths[i] + ids[i];
      }
      if (inside) {
        memcpy(out, table + (n * cell + place) * bytes, bytes);
      } else {
        frame->outcome = OUTSIDE;
        memset(out, 0, bytes);
      }
    }
}

/* out, ids, rows; element type, rows of out, number of rows, width: every element has an id of its
   own. Ids outside of out name none. */
void scatter_add(Frame *frame, const int32_t *w) {
  float *out = at(frame, w);
  const int32_t *ids = at(frame, w + 2);
  const float *rows = at(frame, w + 4);
  int64_t height = w[7], count = w[8], width = w[9];
  for (int64_t i = 0; i < count; i++)
    for (int64_t j = 0; j < width; j++) {
      int64_t id = ids[i * width + j], from = i * width + j, to = id * width + j;
      if (id < 0 || id >= height) continue;
      if (w[6] == TYPE_float32) out[to] += rows[from];
      else ((uint32_t *)out)[to] += ((const uint32_t *)rows)[from];
    }
}
