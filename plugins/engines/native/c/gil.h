/*
 * What a plan is to the kernels that run it.
 *
 * A plan is a list of instructions in 32-bit words: the number of a kernel, the number of words that
 * follow, and these. An operand is two words, a space and a distance from its start in units of four
 * bytes. Where a space begins depends on the cell and on the thread. Lengths, strides and distances
 * count elements. `codes.h` is written by codes.ts, so that both languages have the same numbers.
 */
#ifndef GIL_H
#define GIL_H

#include <stddef.h>
#include <stdint.h>

#include "codes.h"

/* Most spaces of a plan, and most axes of an operand. */
#define SPACES 256
#define AXES 12

/* How a run ends. */
enum { DONE = 0, STOPPED = 1, OUTSIDE = 2, MISSHAPEN = 3, UNKNOWN = 4 };

/* Memory that instructions name. */
typedef struct {
  char *base;
  int64_t kind;   /* a code of SPACE */
  int64_t stride; /* bytes from one cell, thread or chain to the next */
} Space;

/* Rows that every cell of a round leaves, to be added to the rows of a gradient. */
typedef struct {
  int64_t ids, rows; /* spaces */
  int64_t width, height;
  float *gradient;
} Scatter;

/* What cells of some length are run by. */
typedef struct {
  const int32_t *words;
  int64_t count; /* of words */
  char *constants;
  const int64_t *rows; /* that a cell leaves, for each scatter */
} Plan;

/* A cell, by which plan it is run, and the chain of cells that it belongs to. */
typedef struct {
  int64_t cell, chain, length; /* in positions: how much there is to do */
  const Plan *plan;
} Task;

/* Gradients that every chain sums on its own: `count` floats at `from` of its sums. */
typedef struct {
  float *gradient;
  int64_t from, count;
} Sum;

/* What a noise site draws by: a key, and the number of its first value among those of the key. */
typedef struct {
  uint32_t key[2];
  uint64_t first;
} Draw;

/* One run of a program. All of it lies in native memory; the layout is that of run_memory.ts. */
typedef struct {
  const Task *tasks; /* one a cell; those of a chain in the order in which they are run */
  int64_t cells;
  int64_t chains;
  int64_t round; /* cells between two times that rows are scattered */
  const Space *spaces;
  int64_t space_count;
  const Draw *draws; /* one a noise site */
  const Scatter *scatters;
  int64_t scatter_count;
  const Sum *sums;
  int64_t sum_count;
  float *chain_sums; /* for each chain `chain_size` floats */
  int64_t chain_size;
  volatile int64_t stop; /* not 0: end soon */
} Run;

/* Threads that work together: pool.c. */
typedef struct Pool Pool;

/* Where a thread stands. */
typedef struct {
  char *spaces[SPACES];
  const Run *run;
  int64_t cell, thread;
  float *panel_a; /* packed parts of a product's factors */
  float *panel_b;
  Pool *pool; /* whose threads may help; null where each has a cell of its own */
  int outcome;
} Frame;

/* Whether the run is to end soon; kernels that take long ask now and then. */
static inline int stopped(const Frame *frame) { return frame->run->stop != 0; }

/* The memory of an operand. */
static inline void *at(const Frame *frame, const int32_t *operand) {
  return frame->spaces[operand[0]] + 4 * (int64_t)operand[1];
}

/* A float that is written as a word. */
static inline float number(int32_t word) {
  union {
    int32_t word;
    float number;
  } u = {word};
  return u.number;
}

/* A kernel reads its words and computes. */
typedef void Kernel(Frame *frame, const int32_t *w);

Kernel fill_keep, copy, fill, map_one, map_two, where, reduce, position, softmax, cumulate;
Kernel product, linear, gather, gather_many, scatter_add;
Kernel attention, attention_gradient, norm, norm_gradient;
Kernel masked_mean_square, masked_mean_square_gradient;

/* Bytes 0 or 1, `from` and later of the stream of a key: dropout.c. */
void fill_bytes(uint8_t *keep, uint64_t from, int64_t count, const uint32_t key[2], int limit);

/* What a thread needs to pack a product's factors: product.c. */
size_t panel_a_bytes(void), panel_b_bytes(void);

/* The elements, rows or tiles from `from` up to `to` of what a kernel computes. */
typedef void Part(Frame *frame, const int32_t *w, int64_t from, int64_t to);

/* All of `total`, in parts that other threads may compute, unless all take less than `work` is worth
   (in elements): run.c. */
void in_parts(Frame *frame, const int32_t *w, Part *part, int64_t total, int64_t work);

/* Does some work, unless it meets an instruction that the processor does not have: attempt.c. */
int attempt(void (*work)(Frame *frame, const void *what), Frame *frame, const void *what);

/* Work that every thread of a pool does its share of: pool.c. */
void together(Pool *pool, void (*share)(void *work, int thread, int threads), void *work);
/* To be called now and then by a share that takes long: lets its thread have a processor to itself. */
void settle(Pool *pool, int thread);
void panels_of(Pool *pool, int thread, float **a, float **b);

#endif
