/*
 * Dropout's bytes: Threefry-2x32 with 13 rounds (Salmon, Moraes, Dror and Shaw, "Parallel random
 * numbers: as easy as 1, 2, 3", SC 2011), exactly as core/random.ts has it, one counter a lane.
 *
 * Block b of a key is the cipher of the counter (0, b); its two words are bytes 8 b to 8 b + 7 of the
 * stream. A byte below `limit` drops its element. Any part of a stream can be made alone: attention
 * makes the bytes of a row when it needs them, forward and backward, and keeps none.
 */
#include <string.h>

#include "gil.h"
#include "vectors.h"

static const int ROTATIONS[8] = {13, 15, 26, 6, 17, 29, 16, 24};

/* Ciphers side by side: each round waits for the one before, and one's wait is another's turn. */
#define SIDES 4
#define BLOCKS (SIDES * LANES)

/* The bytes of BLOCKS blocks from `block` on. */
INLINE void cipher(uint32_t block, const uint32_t key[2], uint32_t pairs[2 * BLOCKS]) {
  const uint32_t keys[3] = {key[0], key[1], 0x1BD11BDAu ^ key[0] ^ key[1]};
  words x[SIDES], y[SIDES], lanes;
  for (int i = 0; i < LANES; i++) lanes[i] = i;
#pragma GCC unroll 4
  for (int s = 0; s < SIDES; s++) {
    x[s] = (words){0} + keys[0];
    y[s] = lanes + (block + s * LANES + keys[1]);
  }
#pragma GCC unroll 13
  for (int n = 0; n < 13; n++) {
    const int left = ROTATIONS[n % 8];
    const uint32_t turn = (n + 1) / 4;
#pragma GCC unroll 4
    for (int s = 0; s < SIDES; s++) {
      x[s] += y[s];
      y[s] = ((y[s] << left) | (y[s] >> (32 - left))) ^ x[s];
      if (n % 4 == 3) {
        x[s] += keys[turn % 3];
        y[s] += keys[(turn + 1) % 3] + turn;
      }
    }
  }
  for (int s = 0; s < SIDES; s++)
    for (int i = 0; i < LANES; i++) {
      pairs[2 * (s * LANES + i)] = x[s][i];
      pairs[2 * (s * LANES + i) + 1] = y[s][i];
    }
}

void fill_bytes(uint8_t *keep, uint64_t from, int64_t count, const uint32_t key[2], int limit) {
  enum { SIZE = 8 * BLOCKS };
  uint64_t block = from / 8;
  int64_t skip = from % 8;
  /* Bytes are compared as such, and no byte is 256. */
  const uint8_t least = limit, some = limit < 256;
  while (count > 0) {
    uint32_t pairs[2 * BLOCKS];
    const uint8_t *drawn = (const uint8_t *)pairs;
    uint8_t kept[SIZE];
    cipher((uint32_t)block, key, pairs);
    for (int i = 0; i < SIZE; i++) kept[i] = some & (drawn[i] >= least);
    int64_t size = SIZE - skip < count ? SIZE - skip : count;
    memcpy(keep, kept + skip, size);
    keep += size;
    count -= size;
    block += BLOCKS;
    skip = 0;
  }
}

/* out; site, limit, bytes of a cell of full length; axes: lengths, strides among these. The cells of
   a batch lie one behind the other. */
void fill_keep(Frame *frame, const int32_t *w) {
  uint8_t *out = at(frame, w);
  const Draw *draw = frame->run->draws + w[2];
  int axes = w[5], inner = axes - 1;
  const int32_t *lengths = w + 6, *strides = lengths + axes;
  int64_t rows = 1, count = lengths[inner];
  for (int i = 0; i < inner; i++) rows *= lengths[i];
  for (int64_t row = 0; row < rows; row++, out += count) {
    uint64_t from = draw->first + (uint64_t)frame->cell * w[4];
    int64_t rest = row;
    for (int i = inner - 1; i >= 0; rest /= lengths[i--]) from += rest % lengths[i] * strides[i];
    fill_bytes(out, from, count, draw->key, w[3]);
  }
}
