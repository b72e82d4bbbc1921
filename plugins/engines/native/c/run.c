/*
 * One run of a program on all cells. Every thread takes whole cells through forward and backward pass,
 * each by a plan of about its length; which cells is decided beforehand, and what they leave is added
 * up in one order, so that the same number of threads gives the same bits. Rows of tables are added by columns: a thread has some
 * columns of all rows, so that none meets another. A plan that takes one cell, or the whole batch at
 * once, is walked by one thread, and kernels that compute much do so in parts.
 */
#include <string.h>

#include "gil.h"
#include "measure.h"
#include "vectors.h"

static Kernel *const KERNELS[] = {
    [OP_attention] = attention,
    [OP_attentionGradient] = attention_gradient,
    [OP_copy] = copy,
    [OP_cumulate] = cumulate,
    [OP_fill] = fill,
    [OP_fillKeep] = fill_keep,
    [OP_gather] = gather,
    [OP_gatherMany] = gather_many,
    [OP_linear] = linear,
    [OP_mapOne] = map_one,
    [OP_mapTwo] = map_two,
    [OP_norm] = norm,
    [OP_normGradient] = norm_gradient,
    [OP_position] = position,
    [OP_product] = product,
    [OP_reduce] = reduce,
    [OP_scatterAdd] = scatter_add,
    [OP_softmax] = softmax,
    [OP_where] = where,
};

/* What the threads of a run share. */
typedef struct {
  const Run *run;
  Pool *pool;
  int64_t first, end; /* tasks of this round */
  volatile int outcome;
} Work;

static void place(Frame *frame, const Work *work, int64_t number) {
  const Run *run = work->run;
  const Task *task = &run->tasks[number];
  frame->cell = task->cell;
  for (int64_t i = 0; i < run->space_count; i++) {
    const Space *space = &run->spaces[i];
    int64_t steps = space->kind == SPACE_CELL     ? task->cell
                    : space->kind == SPACE_THREAD ? task->thread
                    : space->kind == SPACE_ROUND  ? number - work->first
                                                  : 0;
    char *base = space->kind == SPACE_PLAN ? task->plan->constants : space->base;
    frame->spaces[i] = base + steps * space->stride;
  }
}

static void walk(Frame *frame, const Task *task) {
  const int32_t *words = task->plan->words, *w = words, *end = w + task->plan->count;
  while (w < end && frame->outcome == DONE) {
    if (stopped(frame)) frame->outcome = STOPPED;
    else MEASURED(task->thread, w - words, KERNELS[w[0]](frame, w + 2));
    w += 2 + w[1];
  }
}

/* A kernel whose parts are computed by all threads. */
typedef struct {
  const Frame *frame;
  const int32_t *w;
  Part *part;
  int64_t total;
  volatile int outcome;
} Parts;

static void share_of(void *argument, int thread, int threads) {
  Parts *parts = argument;
  Frame frame = *parts->frame;
  frame.pool = 0;
  panels_of(parts->frame->pool, thread, &frame.panel_a, &frame.panel_b);
  int64_t from = parts->total * thread / threads, to = parts->total * (thread + 1) / threads;
  if (from < to) parts->part(&frame, parts->w, from, to);
  if (frame.outcome != DONE) parts->outcome = frame.outcome;
}

void in_parts(Frame *frame, const int32_t *w, Part *part, int64_t total, int64_t work) {
  if (!frame->pool || work < 1 << 15) {
    part(frame, w, 0, total);
    return;
  }
  Parts parts = {frame, w, part, total, DONE};
  together(frame->pool, share_of, &parts);
  if (parts.outcome != DONE) frame->outcome = parts.outcome;
}

/* A plan for the whole batch: one thread walks, and all help with what is large. */
static void batch(Work *work) {
  Frame frame = {.run = work->run, .pool = work->pool};
  panels_of(work->pool, 0, &frame.panel_a, &frame.panel_b);
  place(&frame, work, 0);
  walk(&frame, work->run->tasks);
  if (frame.outcome != DONE) work->outcome = frame.outcome;
}

static void cells(void *argument, int thread, int threads) {
  Work *work = argument;
  (void)threads;
  Frame frame = {.run = work->run};
  panels_of(work->pool, thread, &frame.panel_a, &frame.panel_b);
  for (int64_t i = work->first; i < work->end && frame.outcome == DONE; i++) {
    const Task *task = &work->run->tasks[i];
    if (task->thread != thread) continue;
    settle(work->pool, thread);
    place(&frame, work, i);
    walk(&frame, task);
  }
  if (frame.outcome != DONE) work->outcome = frame.outcome;
}

static void add_to(float *sum, const float *part, int64_t count) {
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) store(sum + i, load(sum + i) + load(part + i));
  for (; i < count; i++) sum[i] += part[i];
}

/* The rows of this round, some columns of them. */
static void scatter(void *argument, int thread, int threads) {
  const Work *work = argument;
  const Run *run = work->run;
  for (int64_t i = 0; i < run->scatter_count; i++) {
    const Scatter *s = &run->scatters[i];
    int64_t lines = (s->width + 15) / 16;
    int64_t from = 16 * (lines * thread / threads), to = 16 * (lines * (thread + 1) / threads);
    if (to > s->width) to = s->width;
    for (int64_t cell = 0; cell < work->end - work->first && from < to; cell++) {
      const Space *ids_at = &run->spaces[s->ids], *rows_at = &run->spaces[s->rows];
      const int32_t *ids = (const int32_t *)(ids_at->base + cell * ids_at->stride);
      const float *rows = (const float *)(rows_at->base + cell * rows_at->stride);
      int64_t count = run->tasks[work->first + cell].plan->rows[i];
      for (int64_t k = 0; k < count; k++, rows += s->width) {
        if (ids[k] < 0 || ids[k] >= s->height) continue;
        add_to(s->gradient + ids[k] * s->width + from, rows + from, to - from);
      }
    }
  }
}

static void clear(void *argument, int thread, int threads) {
  const Run *run = ((Work *)argument)->run;
  (void)threads;
  float *sums = run->thread_sums + thread * run->thread_size;
  memset(sums, 0, sizeof(float) * run->thread_size);
}

/* The sums of all threads, in their order. */
static void gather_sums(void *argument, int thread, int threads) {
  const Run *run = ((Work *)argument)->run;
  for (int64_t i = 0; i < run->sum_count; i++) {
    const Sum *sum = &run->sums[i];
    int64_t lines = (sum->count + 15) / 16;
    int64_t from = 16 * (lines * thread / threads), to = 16 * (lines * (thread + 1) / threads);
    if (to > sum->count) to = sum->count;
    for (int t = 0; t < threads; t++) {
      const float *part = run->thread_sums + t * run->thread_size + sum->from;
      if (from < to) add_to(sum->gradient + from, part + from, to - from);
    }
  }
}

/* How it ended. */
int32_t gil_run(Pool *pool, const Run *run) {
  Work work = {.run = run, .pool = pool};
  if (run->space_count > SPACES) return MISSHAPEN;
  if (run->thread_size > 0) MEASURED(0, PLACE_clear, together(pool, clear, &work));
  for (; work.first < run->cells && work.outcome == DONE; work.first += run->round) {
    int64_t end = work.first + run->round;
    work.end = end < run->cells ? end : run->cells;
    if (run->cells == 1) batch(&work);
    else MEASURED(0, PLACE_cells, together(pool, cells, &work));
    if (run->scatter_count > 0 && work.outcome == DONE)
      MEASURED(0, PLACE_scatter, together(pool, scatter, &work));
  }
  if (run->thread_size > 0 && work.outcome == DONE)
    MEASURED(0, PLACE_sums, together(pool, gather_sums, &work));
  return work.outcome;
}
