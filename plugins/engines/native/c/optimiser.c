/*
 * Adam on flat buffers (Kingma and Ba 2015, algorithm 1), the bias corrections drawn out of the loop:
 * m <- b1 m + (1 - b1) g, v <- b2 v + (1 - b2) g^2, w <- w - rate m / (sqrt(v) + epsilon), g <- 0.
 * First every thread looks through its share of the gradients: nothing changes unless all are finite.
 */
#include <math.h>

#include "gil.h"

/* One step. The layout is that of optimiser.ts. */
typedef struct {
  float *weights, *gradients, *first, *second;
  int64_t count;
  float beta1, rest1, beta2, rest2, rate, epsilon;
} Step;

typedef struct {
  const Step *step;
  volatile int wrong;
} Adam;

/* Elements of a thread: whole cache lines. */
static void share_of(int64_t count, int thread, int threads, int64_t *from, int64_t *to) {
  int64_t lines = (count + 15) / 16;
  *from = 16 * (lines * thread / threads);
  *to = 16 * (lines * (thread + 1) / threads);
  if (*to > count) *to = count;
}

/* A square that is not finite makes the sum not finite. */
static void look(void *work, int thread, int threads) {
  Adam *adam = work;
  int64_t from, to;
  share_of(adam->step->count, thread, threads, &from, &to);
  const float *g = adam->step->gradients;
  int wrong = 0;
  for (int64_t i = from; i < to; i++) wrong |= !(g[i] * g[i] < INFINITY);
  if (wrong) adam->wrong = 1;
}

static void move(void *work, int thread, int threads) {
  const Step s = *((Adam *)work)->step;
  int64_t from, to;
  share_of(s.count, thread, threads, &from, &to);
  float *restrict weights = s.weights, *restrict gradients = s.gradients;
  float *restrict first = s.first, *restrict second = s.second;
  for (int64_t i = from; i < to; i++) {
    float g = gradients[i];
    float m = first[i] * s.beta1 + g * s.rest1, v = second[i] * s.beta2 + g * g * s.rest2;
    weights[i] -= m / (sqrtf(v) + s.epsilon) * s.rate;
    first[i] = m;
    second[i] = v;
    gradients[i] = 0;
  }
}

static void shared(Pool *pool, void (*share)(void *, int, int), Adam *adam) {
  if (pool) together(pool, share, adam);
  else share(adam, 0, 1);
}

/* 1 when the step was made, 0 when a gradient is not finite. Without a pool the caller works alone. */
int32_t gil_optimise(Pool *pool, const Step *step) {
  Adam adam = {step, 0};
  shared(pool, look, &adam);
  if (adam.wrong) return 0;
  shared(pool, move, &adam);
  return 1;
}
