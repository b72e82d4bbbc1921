/*
 * Attention and its gradient, one head after the other, some queries at a time:
 * O = softmax(Q K' / sqrt(d) + mask) V (Vaswani et al. 2017).
 *
 * No matrix of positions x positions exists: the weights of QUERIES queries are made, used and
 * forgotten, and the gradient makes them once more from two numbers a query, the largest score and
 * one over the sum (Dao et al., "FlashAttention", 2022). The gradient of the softmax subtracts, for
 * each query, the sum of dO O over the width of the head. Keys behind the last unpadded one have
 * weight 0 exactly and are left out. Bytes of dropout are made where they are needed, both ways.
 */
#include <math.h>
#include <string.h>

#include "rows.h"

/* Added to the scores of padded keys, as in the reference. */
#define NEVER -1e9f

/* What both ways have in common. */
typedef struct {
  Frame *frame;
  Matrix projected; /* of this cell */
  const float *padding;
  float *statistics; /* for each head and query: largest score, one over the sum */
  int64_t cell; /* of all cells of the batch */
  int64_t length, keys, heads, width;
  int64_t stride; /* of a row of weights */
  int64_t site, whole; /* positions of cells of full length, by which dropout counts */
  int limit;           /* bytes below it drop; 0 for no dropout */
  float scale, enlarge;
  float unit;  /* of scores, see score */
  int padded;  /* whether keys before the last unpadded one are */
  float *bias; /* a number a key */
  uint8_t *keep;
} Call;

static int64_t stride_of(int64_t length) {
  /* An odd number of cache lines from row to row, lest all rows share the same places of the cache. */
  int64_t whole = up_to(length, PANEL);
  return (whole / 16 % 2 == 0 ? whole + 16 : whole);
}

/* Words: projected, padding, statistics; length, heads, width of a head; site, limit, enlargement;
   cells, positions of cells of full length; element type of projected. Of the cell-th of these cells. */
static Call call_of(Frame *frame, const int32_t *w, int64_t cell, float **scratch) {
  int64_t rows = cell * w[6];
  Matrix projected = {at(frame, w), 3 * w[7] * w[8], 1, w[14]};
  Call call = {.frame = frame,
               .projected = part_of(projected, rows, 0),
               .padding = (float *)at(frame, w + 2) + rows,
               .statistics = (float *)at(frame, w + 4) + rows * 2 * w[7],
               .cell = frame->cell * w[12] + cell,
               .length = w[6],
               .heads = w[7],
               .width = w[8],
               .site = w[9],
               .whole = w[13],
               .limit = w[10],
               .scale = 1 / sqrtf((float)w[8]),
               .enlarge = number(w[11]),
               .stride = stride_of(w[6])};
  call.bias = *scratch;
  call.keep = (uint8_t *)(*scratch + call.stride);
  /* A vector of bytes may reach beyond the last. */
  *scratch += call.stride + (QUERIES * call.length + 64 + 63) / 64 * 16;
  call.keys = call.length;
  while (call.keys > 0 && call.padding[call.keys - 1] != 0) call.keys--;
  /* Without any unpadded key all count alike, as in the reference. */
  if (call.keys == 0) call.keys = call.length;
  for (int64_t k = 0; k < call.keys; k++) {
    call.bias[k] = call.padding[k] * NEVER;
    call.padded |= call.bias[k] != 0;
  }
  call.unit = call.padded ? 1 : call.scale;
  return call;
}

/* Queries (0), keys (1) or values (2) of a head. */
static Matrix side(const Call *call, int which, int64_t head) {
  return part_of(call->projected, 0, (which * call->heads + head) * call->width);
}

static Matrix turned(Matrix x) { return (Matrix){x.at, x.across, x.down, x.type}; }
static Matrix from(Matrix x, int64_t row) { return part_of(x, row, 0); }

/* Which weights of some queries are kept: a row of bytes each. */
static void keep_of(const Call *call, int64_t head, int64_t query, int64_t count) {
  uint64_t row = ((uint64_t)call->cell * call->heads + head) * call->whole + query;
  const Draw *draw = call->frame->run->draws + call->site;
  int64_t rows = call->length == call->whole ? 1 : count, bytes = count * call->length / rows;
  for (int64_t i = 0; i < rows && call->limit; i++)
    fill_bytes(call->keep + i * bytes, draw->first + (row + i) * call->whole, bytes, draw->key,
               call->limit);
}

/* Products of a query and keys are its scores, in units of the scale; with padded keys among them,
   they are scaled first, and the unit is 1. */
static void score(const Call *call, float *row) {
  for (int64_t k = 0; k < call->keys && call->padded; k += LANES)
    store(row + k, load(row + k) * every(call->scale) + load(call->bias + k));
}

/* Scores become e^(unit (score - top)), or 0 where dropped; the sum of all, dropped or not. Where
   `keep` is null, a constant once inlined, all are kept. */
INLINE float raise(const Call *call, float *row, const uint8_t *keep, float top) {
  floats sum = every(0);
  for (int64_t k = call->keys; k % LANES; k++) row[k] = -__builtin_inff();
  for (int64_t k = 0; k < call->keys; k += LANES) {
    floats e = decay_by(load(row + k) - every(top), call->unit);
    sum += e;
    store(row + k, keep ? choose(not_zero(keep + k), e, every(0)) : e);
  }
  return total(sum);
}

static void attend(Frame *frame, const int32_t *w, int64_t cell) {
  float *scratch = at(frame, w + 17);
  Call call = call_of(frame, w + 2, cell, &scratch);
  int64_t width = call.width, whole = call.heads * width, keys = call.keys;
  float *out = (float *)at(frame, w) + cell * call.length * whole;
  float *key_panels = scratch, *value_panels = key_panels + packed_size(width, call.length);
  float *weights = value_panels + packed_size(call.length, width);
  for (int64_t head = 0; head < call.heads && !stopped(frame); head++) {
    Matrix queries = side(&call, 0, head);
    pack(key_panels, turned(side(&call, 1, head)), width, keys);
    pack(value_panels, side(&call, 2, head), keys, width);
    for (int64_t q = 0; q < call.length && !stopped(frame); q += QUERIES) {
      int64_t count = call.length - q < QUERIES ? call.length - q : QUERIES;
      multiply_packed(frame, from(queries, q), key_panels, count, keys, width, weights, call.stride,
                      0);
      keep_of(&call, head, q, count);
      float shares[QUERIES];
      for (int64_t i = 0; i < count; i++) {
        float *row = weights + i * call.stride;
        score(&call, row);
        float top = largest_of(row, keys);
        float share = 1 / (call.limit ? raise(&call, row, call.keep + i * call.length, top)
                                      : raise(&call, row, 0, top));
        float *statistics = call.statistics + 2 * (head * call.length + q + i);
        statistics[0] = top;
        statistics[1] = share;
        shares[i] = share * call.enlarge;
      }
      float *to = out + q * whole + head * width;
      multiply_packed(frame, matrix(weights, call.stride, 1), value_panels, count, width, keys,
                      to, whole, 0);
      enlarge(to, whole, matrix(to, whole, 1), shares, count, width);
    }
  }
}

/* out; then what call_of reads; then scratch. */
void attention(Frame *frame, const int32_t *w) {
  begin_products();
  for (int64_t cell = 0; cell < w[14]; cell++) attend(frame, w, cell);
  end_products();
}

/* Scores become weights, and gradients by weights those by scores, but for a factor that is the same
   for all keys of a query: rows that they are multiplied by have it (`enlarge`). */
INLINE void descend(const Call *call, float *weights, float *gradients, const uint8_t *keep,
                    float top, float mean) {
  for (int64_t k = 0; k < call->keys; k += LANES) {
    floats e = decay_by(load(weights + k) - every(top), call->unit), g = load(gradients + k);
    ints kept = keep ? not_zero(keep + k) : ~(ints){0};
    store(weights + k, choose(kept, e, every(0)));
    store(gradients + k, e * (choose(kept, g, every(0)) - every(mean)));
  }
}

static void attend_back(Frame *frame, const int32_t *w, int64_t cell) {
  float *scratch = at(frame, w + 21);
  Call call = call_of(frame, w + 6, cell, &scratch);
  int64_t length = call.length, keys = call.keys, width = call.width, whole = call.heads * width;
  int64_t deep = up_to(width, PANEL), begin = cell * length * whole;
  float *out = (float *)at(frame, w) + 3 * begin;
  const float *dy = (float *)at(frame, w + 2) + begin;
  Matrix value = part_of((Matrix){at(frame, w + 4), whole, 1, w[23]}, cell * length, 0);
  float *key_panels = scratch, *value_panels = key_panels + packed_size(width, length);
  float *key_rows = value_panels + packed_size(width, length);
  float *block_rows = key_rows + packed_size(length, width);
  float *block_panels = block_rows + deep * QUERIES;
  float *d_key = block_panels + deep * QUERIES, *d_value = d_key + length * deep;
  float *weights = d_value + length * deep, *gradients = weights + QUERIES * call.stride;
  for (int64_t head = 0; head < call.heads && !stopped(frame); head++) {
    Matrix queries = side(&call, 0, head), key = side(&call, 1, head);
    Matrix d_out = matrix(dy + head * width, whole, 1);
    pack(key_panels, turned(key), width, keys);
    pack(value_panels, turned(side(&call, 2, head)), width, keys);
    pack(key_rows, key, keys, width);
    memset(d_key, 0, sizeof(float) * keys * deep);
    memset(d_value, 0, sizeof(float) * keys * deep);
    for (int64_t q = 0; q < length && !stopped(frame); q += QUERIES) {
      int64_t count = length - q < QUERIES ? length - q : QUERIES;
      Matrix some = from(queries, q), d_some = from(d_out, q);
      multiply_packed(frame, some, key_panels, count, keys, width, weights, call.stride, 0);
      keep_of(&call, head, q, count);
      multiply_packed(frame, d_some, value_panels, count, keys, width, gradients, call.stride, 0);
      /* What rows lack to be weights, and to be gradients by products of queries and keys. */
      float shares[QUERIES], factors[QUERIES];
      for (int64_t i = 0; i < count; i++) {
        const float *statistics = call.statistics + 2 * (head * length + q + i);
        float *row = weights + i * call.stride, *slopes = gradients + i * call.stride;
        const void *o = part_of(value, q + i, head * width).at;
        float mean = dot_of(o, value.type, part_of(d_some, i, 0).at, width) / call.enlarge;
        shares[i] = statistics[1] * call.enlarge;
        factors[i] = shares[i] * call.scale;
        score(&call, row);
        if (call.limit)
          descend(&call, row, slopes, call.keep + i * call.length, statistics[0], mean);
        else descend(&call, row, slopes, 0, statistics[0], mean);
      }
      float *to = out + q * 3 * whole + head * width;
      multiply_packed(frame, matrix(gradients, call.stride, 1), key_rows, count, width, keys, to,
                      3 * whole, 0);
      enlarge(to, 3 * whole, matrix(to, 3 * whole, 1), factors, count, width);
      enlarge(block_rows, width, some, factors, count, width);
      pack(block_panels, matrix(block_rows, width, 1), count, width);
      multiply_packed(frame, matrix(gradients, 1, call.stride), block_panels, keys, width, count,
                      d_key, deep, 1);
      enlarge(block_rows, width, d_some, shares, count, width);
      pack(block_panels, matrix(block_rows, width, 1), count, width);
      multiply_packed(frame, matrix(weights, 1, call.stride), block_panels, keys, width, count,
                      d_value, deep, 1);
    }
    size_t bytes = sizeof(float) * width;
    for (int64_t k = 0; k < length; k++) {
      float *to = out + k * 3 * whole + whole + head * width;
      if (k < keys) memcpy(to, d_key + k * deep, bytes);
      else memset(to, 0, bytes);
      if (k < keys) memcpy(to + whole, d_value + k * deep, bytes);
      else memset(to + whole, 0, bytes);
    }
  }
}

/* The gradient by queries, keys and values: d projected; dy, value; then what call_of reads; scratch;
   element type of value. */
void attention_gradient(Frame *frame, const int32_t *w) {
  begin_products();
  for (int64_t cell = 0; cell < w[18]; cell++) attend_back(frame, w, cell);
  end_products();
}
