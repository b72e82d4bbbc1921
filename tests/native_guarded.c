/*
 * A run whose buffers lie between pages that nobody may touch: whoever reads or writes past one ends
 * the process. Compiled beside the kernels by tests/native_guarded.ts, which lays the buffers out.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>

#include "gil.h"

#define PAGE 4096

/* A scatter as tests hand it over. */
typedef struct {
  int64_t ids, rows, count, width, height;
  float *gradient;
} Rows;

/* A run of one plan on some cells; the layout is that of native_guarded.ts. */
typedef struct {
  const int32_t *words;
  int64_t word_count, cells, chains;
  const int64_t *spaces; /* base, kind, stride of each */
  int64_t space_count;
  char *constants;
  const Draw *draws;
  const Rows *rows;
  int64_t row_count;
  const int64_t *sums; /* gradient, place, count of each */
  int64_t sum_count;
  float *chain_sums;
  int64_t chain_size;
} Request;

int32_t gil_run(Pool *pool, const Run *run);

/* Closes some pages to everybody, or opens them again. */
void guarded_pages(char *const *pages, int64_t count, int32_t open) {
  for (int64_t i = 0; i < count; i++)
    if (mprotect(pages[i], PAGE, open ? PROT_READ | PROT_WRITE : PROT_NONE)) abort();
}

/* How it ended. */
int32_t guarded_run(Pool *pool, const Request *r) {
  int64_t *counts = calloc(r->row_count + 1, sizeof *counts);
  Scatter *scatters = calloc(r->row_count + 1, sizeof *scatters);
  Space *spaces = calloc(r->space_count, sizeof *spaces);
  Sum *sums = calloc(r->sum_count + 1, sizeof *sums);
  Task *tasks = calloc(r->cells, sizeof *tasks);
  for (int64_t i = 0; i < r->row_count; i++) {
    const Rows *rows = &r->rows[i];
    counts[i] = rows->count;
    scatters[i] = (Scatter){rows->ids, rows->rows, rows->width, rows->height, rows->gradient};
  }
  for (int64_t i = 0; i < r->space_count; i++) {
    const int64_t *space = r->spaces + 3 * i;
    spaces[i] = (Space){.base = (char *)space[0], .kind = space[1], .stride = space[2]};
  }
  for (int64_t i = 0; i < r->sum_count; i++) {
    const int64_t *sum = r->sums + 3 * i;
    sums[i] = (Sum){.gradient = (float *)sum[0], .from = sum[1], .count = sum[2]};
  }
  Plan plan = {r->words, r->word_count, r->constants, counts};
  for (int64_t i = 0; i < r->cells; i++) tasks[i] = (Task){i, i % r->chains, 1, &plan};
  Run run = {.tasks = tasks,
             .cells = r->cells,
             .chains = r->chains,
             .round = r->cells,
             .spaces = spaces,
             .space_count = r->space_count,
             .draws = r->draws,
             .scatters = scatters,
             .scatter_count = r->row_count,
             .sums = sums,
             .sum_count = r->sum_count,
             .chain_sums = r->chain_sums,
             .chain_size = r->chain_size};
  int32_t outcome = gil_run(pool, &run);
  free(counts), free(scatters), free(spaces), free(sums), free(tasks);
  return outcome;
}

/* In the place of the pool's own: packed parts that end before a closed page, for as long as the
   process lives. The linker is told to send all callers here. */
void __wrap_panels_of(Pool *pool, int thread, float **a, float **b) {
  static char *panels[64][2];
  (void)pool;
  for (int i = 0; i < 2; i++) {
    size_t bytes = i ? panel_b_bytes() : panel_a_bytes(), room = (bytes + PAGE - 1) / PAGE * PAGE;
    if (!panels[thread][i]) {
      char *base = mmap(0, room + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (base == MAP_FAILED || mprotect(base + room, PAGE, PROT_NONE)) abort();
      panels[thread][i] = base + room - bytes;
    }
  }
  *a = (float *)panels[thread][0];
  *b = (float *)panels[thread][1];
}
