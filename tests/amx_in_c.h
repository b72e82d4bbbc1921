/*
 * AMX's tiles in plain C, for tests on processors without them: what the instructions do by Intel's
 * manual ("Intel 64 and IA-32 Architectures Software Developer's Manual", volume 2: LDTILECFG,
 * TILELOADD, TDPBF16PS, TILESTORED, TILERELEASE), in the place of <immintrin.h>. A thread that uses a
 * tile before it has said how large tiles are, or after it let go of them, ends the process, as the
 * processor would.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The system grants tiles. */
#define syscall(...) 0

typedef struct {
  uint8_t palette, start, reserved[14];
  uint16_t bytes[16];
  uint8_t rows[16];
} Shapes;

static __thread Shapes shapes;
static __thread union {
  uint8_t bytes[64];
  uint16_t halves[32];
  float floats[16];
} tile_rows[8][16];

static void need(int condition) {
  if (!condition) abort();
}

static void need_tile(int n) { need(shapes.palette == 1 && shapes.rows[n] > 0); }

static void _tile_loadconfig(const void *from) {
  memcpy(&shapes, from, sizeof shapes);
  need(sizeof shapes == 64 && shapes.palette == 1 && shapes.start == 0);
  for (int i = 0; i < 14; i++) need(shapes.reserved[i] == 0);
  for (int n = 0; n < 16; n++) need(shapes.rows[n] <= 16 && shapes.bytes[n] <= 64);
  for (int n = 8; n < 16; n++) need(shapes.rows[n] == 0 && shapes.bytes[n] == 0);
  memset(tile_rows, 0, sizeof tile_rows);
}

static void _tile_release(void) { memset(&shapes, 0, sizeof shapes); }

static void _tile_zero(int n) {
  need_tile(n);
  memset(tile_rows[n], 0, sizeof tile_rows[n]);
}

static void _tile_loadd(int n, const void *from, int64_t stride) {
  need_tile(n);
  for (int i = 0; i < shapes.rows[n]; i++)
    memcpy(tile_rows[n][i].bytes, (const char *)from + i * stride, shapes.bytes[n]);
}

static void _tile_stored(int n, void *to, int64_t stride) {
  need_tile(n);
  for (int i = 0; i < shapes.rows[n]; i++)
    memcpy((char *)to + i * stride, tile_rows[n][i].bytes, shapes.bytes[n]);
}

/* Numbers below the smallest normal one are 0. */
static float flushed(float x) { return fabsf(x) < 0x1p-126f ? copysignf(0, x) : x; }

static float float_of(uint16_t half) {
  uint32_t word = (uint32_t)half << 16;
  float x;
  memcpy(&x, &word, sizeof x);
  return flushed(x);
}

static void _tile_dpbf16ps(int sum, int left, int right) {
  need_tile(sum), need_tile(left), need_tile(right);
  need(sum != left && sum != right && left != right);
  need(shapes.rows[sum] == shapes.rows[left] && shapes.bytes[sum] == shapes.bytes[right]);
  need(shapes.bytes[left] == 4 * shapes.rows[right]);
  for (int m = 0; m < shapes.rows[sum]; m++)
    for (int n = 0; n < shapes.bytes[sum] / 4; n++) {
      float pair[2] = {0, 0};
      for (int k = 0; k < shapes.rows[right]; k++)
        for (int i = 0; i < 2; i++) {
          float a = float_of(tile_rows[left][m].halves[2 * k + i]);
          float b = float_of(tile_rows[right][k].halves[2 * n + i]);
          pair[i] = flushed(fmaf(a, b, pair[i]));
        }
      float both = flushed(pair[0] + pair[1]);
      tile_rows[sum][m].floats[n] = flushed(tile_rows[sum][m].floats[n] + both);
    }
}
