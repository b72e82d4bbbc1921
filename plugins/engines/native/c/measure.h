/*
 * Where the time of a run goes, in a build with MEASURE defined (bench/train.ts --kernels); in any
 * other MEASURED(thread, place, work) is the work. A place is the distance of an instruction from the
 * beginning of its plan, or one of those that follow: what threads do together, told by the first.
 */
#ifndef GIL_MEASURE_H
#define GIL_MEASURE_H

#if defined(MEASURE)
#include <stdint.h>
#include <time.h>

/* Most threads and most words of a plan; what lies beyond counts somewhere else. */
#define MEASURED_THREADS 64
#define MEASURED_WORDS 65536
enum { PLACE_cells = MEASURED_WORDS, PLACE_clear, PLACE_scatter, PLACE_sums, PLACES };

/* Nanoseconds since the library was loaded. */
static int64_t spent[MEASURED_THREADS][PLACES];

const int64_t *gil_spent(void) { return spent[0]; }

static inline int64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1000000000LL * now.tv_sec + now.tv_nsec;
}

#define MEASURED(thread, place, work) \
  do { \
    int64_t begun = nanoseconds(); \
    work; \
    spent[(thread) % MEASURED_THREADS][(place) % PLACES] += nanoseconds() - begun; \
  } while (0)
#else
#define MEASURED(thread, place, work) work
#endif

#endif
