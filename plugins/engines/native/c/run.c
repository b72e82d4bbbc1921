/*
 * One run of a program on all cells. Every thread takes whole cells through forward and backward pass,
 * each by a plan of about its length. Cells are chained beforehand, and a chain has sums of its own:
 * its cells are run one after the other, each by whichever thread is free, and the sums of all chains
 * are added in their order. So the bits of a sum do not depend on who came when, and a thread that
 * loses its processor for a while keeps the others from one cell only. Rows of tables are added by
 * columns: a thread has some columns of all rows, so that none meets another. A plan that takes one
 * cell, or the whole batch at once, is walked by one thread, and kernels that compute much do so in
 * parts.
 */
#include <stdatomic.h>
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
    [OP_maskedMeanSquare] = masked_mean_square,
    [OP_maskedMeanSquareGradient] = masked_mean_square_gradient,
    [OP_norm] = norm,
    [OP_normGradient] = norm_gradient,
    [OP_position] = position,
    [OP_product] = product,
    [OP_reduce] = reduce,
    [OP_scatterAdd] = scatter_add,
    [OP_softmax] = softmax,
    [OP_where] = where,
};

/* Where the cells of a chain stand within a round. */
typedef struct {
  _Atomic int64_t left; /* to do, in positions; what is being done included */
  _Atomic int taken;    /* by a thread that runs one of its cells */
  int64_t next;         /* task to look at */
} Chain;

/* What the threads of a run share. */
typedef struct {
  const Run *run;
  Pool *pool;
  Chain *chains;
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
                    : space->kind == SPACE_THREAD ? frame->thread
                    : space->kind == SPACE_CHAIN  ? task->chain
                    : space->kind == SPACE_ROUND  ? number - work->first
                                                  : 0;
    char *base = space->kind == SPACE_PLAN ? task->plan->constants : space->base;
    frame->spaces[i] = base + steps * space->stride;
  }
}

static void step(Frame *frame, const void *what) {
  const Task *task = what;
  const int32_t *words = task->plan->words, *w = words, *end = w + task->plan->count;
  while (w < end && frame->outcome == DONE) {
    if (stopped(frame)) frame->outcome = STOPPED;
    else MEASURED(frame->thread, w - words, KERNELS[w[0]](frame, w + 2));
    w += 2 + w[1];
  }
}

static void walk(Frame *frame, const Task *task) {
  if (!attempt(step, frame, task)) frame->outcome = UNKNOWN;
}

/* A kernel whose parts are computed by all threads. */
typedef struct {
  const Frame *frame;
  const int32_t *w;
  Part *part;
  int64_t total;
  volatile int outcome;
} Parts;

/* A thread's share of them. */
typedef struct {
  const Parts *parts;
  int64_t from, to;
} Share;

static void do_share(Frame *frame, const void *what) {
  const Share *share = what;
  share->parts->part(frame, share->parts->w, share->from, share->to);
}

static void share_of(void *argument, int thread, int threads) {
  Parts *parts = argument;
  Frame frame = *parts->frame;
  frame.pool = 0;
  panels_of(parts->frame->pool, thread, &frame.panel_a, &frame.panel_b);
  Share share = {parts, parts->total * thread / threads, parts->total * (thread + 1) / threads};
  if (share.from < share.to && !attempt(do_share, &frame, &share)) frame.outcome = UNKNOWN;
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

static void begin_round(Work *work) {
  const Run *run = work->run;
  for (int64_t i = 0; i < run->chains; i++) work->chains[i] = (Chain){.next = work->first};
  for (int64_t i = work->first; i < work->end; i++)
    work->chains[run->tasks[i].chain].left += run->tasks[i].length;
}

/* Of the chains that nobody is at, the one with most left to do: what must be done one after the other
   is then done in time. Null where there is nothing to do but what others are at. */
static Chain *take(Work *work) {
  for (;;) {
    Chain *longest = 0;
    int64_t most = 0;
    for (Chain *chain = work->chains; chain < work->chains + work->run->chains; chain++) {
      if (chain->taken || chain->left <= most) continue;
      longest = chain;
      most = chain->left;
    }
    if (!longest) return 0;
    if (atomic_exchange(&longest->taken, 1)) continue;
    if (longest->left > 0) return longest;
    longest->taken = 0;
  }
}

static void cells(void *argument, int thread, int threads) {
  Work *work = argument;
  const Task *tasks = work->run->tasks;
  (void)threads;
  Frame frame = {.run = work->run, .thread = thread};
  panels_of(work->pool, thread, &frame.panel_a, &frame.panel_b);
  for (Chain *chain; frame.outcome == DONE && (chain = take(work));) {
    while (tasks[chain->next].chain != chain - work->chains) chain->next++;
    int64_t number = chain->next++;
    settle(work->pool, thread);
    place(&frame, work, number);
    walk(&frame, &tasks[number]);
    chain->left -= tasks[number].length;
    chain->taken = 0;
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
  for (int64_t chain = thread; chain < run->chains; chain += threads)
    memset(run->chain_sums + chain * run->chain_size, 0, sizeof(float) * run->chain_size);
}

/* The sums of all chains, in their order. */
static void gather_sums(void *argument, int thread, int threads) {
  const Run *run = ((Work *)argument)->run;
  for (int64_t i = 0; i < run->sum_count; i++) {
    const Sum *sum = &run->sums[i];
    int64_t lines = (sum->count + 15) / 16;
    int64_t from = 16 * (lines * thread / threads), to = 16 * (lines * (thread + 1) / threads);
    if (to > sum->count) to = sum->count;
    for (int64_t chain = 0; chain < run->chains; chain++) {
      const float *part = run->chain_sums + chain * run->chain_size + sum->from;
      if (from < to) add_to(sum->gradient + from, part + from, to - from);
    }
  }
}

/* How it ended. */
int32_t gil_run(Pool *pool, const Run *run) {
  if (run->space_count > SPACES) return MISSHAPEN;
  Chain chains[run->chains];
  Work work = {.run = run, .pool = pool, .chains = chains};
  if (run->chain_size > 0) MEASURED(0, PLACE_clear, together(pool, clear, &work));
  for (; work.first < run->cells && work.outcome == DONE; work.first += run->round) {
    int64_t end = work.first + run->round;
    work.end = end < run->cells ? end : run->cells;
    begin_round(&work);
    if (run->cells == 1) batch(&work);
    else MEASURED(0, PLACE_cells, together(pool, cells, &work));
    if (run->scatter_count > 0 && work.outcome == DONE)
      MEASURED(0, PLACE_scatter, together(pool, scatter, &work));
  }
  if (run->chain_size > 0 && work.outcome == DONE)
    MEASURED(0, PLACE_sums, together(pool, gather_sums, &work));
  return work.outcome;
}
