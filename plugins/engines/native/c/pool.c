/*
 * Memory and threads of an engine. Memory begins at multiples of 64 bytes, is zero at first and is
 * never JavaScript's: a run goes on when whoever started it is gone. The caller is the first thread
 * of its pool; the others sleep until there is work.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "product.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

#define ALIGNMENT 64
#define HUGE_PAGE (2 << 20)

/* What lies before memory that was handed out. */
typedef struct {
  void *base;
  size_t mapped; /* bytes; 0 where the base came from the heap */
} Header;

/* The first multiple of `alignment` behind `base` that leaves room for a header. */
static char *behind(char *base, size_t alignment) {
  uintptr_t first = (uintptr_t)base + sizeof(Header);
  return base + ((first + alignment - 1) / alignment * alignment - (uintptr_t)base);
}

/* Zeroed memory, or null where there is none. */
void *gil_allocate(uint64_t bytes) {
  Header header = {0, 0};
  size_t alignment = ALIGNMENT;
#if defined(__linux__)
  if (bytes >= HUGE_PAGE) {
    /* Zero already, and not there before it is used; large pages need fewer places to look up. */
    header.mapped = bytes + 2 * HUGE_PAGE;
    alignment = HUGE_PAGE;
    header.base = mmap(0, header.mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (header.base == MAP_FAILED) return 0;
    madvise(header.base, header.mapped, MADV_HUGEPAGE);
  }
#endif
  if (!header.mapped) header.base = calloc(1, bytes + 2 * ALIGNMENT);
  if (!header.base) return 0;
  char *memory = behind(header.base, alignment);
  memcpy(memory - sizeof header, &header, sizeof header);
  return memory;
}

void gil_free(void *memory) {
  if (!memory) return;
  Header header;
  memcpy(&header, (char *)memory - sizeof header, sizeof header);
#if defined(__linux__)
  if (header.mapped) {
    munmap(header.base, header.mapped);
    return;
  }
#endif
  free(header.base);
}

struct Pool {
  int threads;
  pthread_t *handles;
  char *panels;
  size_t panel_bytes;
  pthread_mutex_t lock;
  pthread_cond_t begin, end;
  void (*share)(void *, int, int);
  void *work;
  _Atomic int64_t round; /* how often there was work */
  _Atomic int waiting;   /* threads that are still at work */
  int closing;
  volatile int *processors; /* where each thread was last seen at work, or -1 */
};

/* Which thread of a pool a new thread is. */
typedef struct {
  Pool *pool;
  int thread;
} Place;

#if defined(__linux__)
/* Whether another thread was last seen at work there. */
static int shared(const Pool *pool, int thread, int processor) {
  for (int i = 0; i < pool->threads; i++)
    if (i != thread && pool->processors[i] == processor) return 1;
  return 0;
}
#endif

/*
 * The system wakes a thread where it was woken from, and may let two share a processor for as long as
 * a step takes while another is idle. Nothing is said that binds: once there, a thread is free to be
 * moved on, as others may need the processor more.
 */
void settle(Pool *pool, int thread) {
#if defined(__linux__)
  int here = pool->processors[thread] = sched_getcpu();
  cpu_set_t allowed, one;
  if (!shared(pool, thread, here) || sched_getaffinity(0, sizeof allowed, &allowed)) return;
  for (int i = 0; i < CPU_SETSIZE; i++) {
    if (!CPU_ISSET(i, &allowed) || shared(pool, thread, i)) continue;
    CPU_ZERO(&one);
    CPU_SET(i, &one);
    pool->processors[thread] = i;
    if (!sched_setaffinity(0, sizeof one, &one)) sched_setaffinity(0, sizeof allowed, &allowed);
    return;
  }
#else
  (void)pool;
  (void)thread;
#endif
}

static void work_on(Pool *pool, int thread) {
  settle(pool, thread);
  pool->share(pool->work, thread, pool->threads);
  pool->processors[thread] = -1;
}

/* How often a thread looks whether it can go on before it sleeps, some 20 microseconds: to be woken
   takes longer than most of what threads wait for within a step. */
#define LOOKS 1000

static inline void rest(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static void *serve(void *argument) {
  Place place = *(Place *)argument;
  Pool *pool = place.pool;
  int64_t done = 0;
  free(argument);
  for (;;) {
    for (int i = 0; i < LOOKS && pool->round == done; i++) rest();
    pthread_mutex_lock(&pool->lock);
    while (pool->round == done && !pool->closing) pthread_cond_wait(&pool->begin, &pool->lock);
    int closing = pool->closing;
    done = pool->round;
    pthread_mutex_unlock(&pool->lock);
    if (closing) break;
    work_on(pool, place.thread);
    pthread_mutex_lock(&pool->lock);
    if (--pool->waiting == 0) pthread_cond_signal(&pool->end);
    pthread_mutex_unlock(&pool->lock);
  }
  return 0;
}

void together(Pool *pool, void (*share)(void *, int, int), void *work) {
  pthread_mutex_lock(&pool->lock);
  pool->share = share;
  pool->work = work;
  pool->waiting = pool->threads - 1;
  pool->round++;
  pthread_cond_broadcast(&pool->begin);
  pthread_mutex_unlock(&pool->lock);
  work_on(pool, 0);
  for (int i = 0; i < LOOKS && pool->waiting > 0; i++) rest();
  pthread_mutex_lock(&pool->lock);
  while (pool->waiting > 0) pthread_cond_wait(&pool->end, &pool->lock);
  pthread_mutex_unlock(&pool->lock);
}

void panels_of(Pool *pool, int thread, float **a, float **b) {
  *a = (float *)(pool->panels + thread * pool->panel_bytes);
  *b = (float *)(pool->panels + thread * pool->panel_bytes + panel_a_bytes());
}

void gil_close(Pool *pool) {
  pthread_mutex_lock(&pool->lock);
  pool->closing = 1;
  pthread_cond_broadcast(&pool->begin);
  pthread_mutex_unlock(&pool->lock);
  for (int i = 1; i < pool->threads; i++) pthread_join(pool->handles[i], 0);
  gil_free(pool->panels);
  free((void *)pool->processors);
  free(pool->handles);
  free(pool);
}

/* A pool of as many threads, or null where the system has none to give, or no tiles. */
Pool *gil_open(int32_t threads) {
  Pool *pool = calloc(1, sizeof *pool);
  if (!pool) return 0;
  pool->panel_bytes = (panel_a_bytes() + panel_b_bytes() + 4095) / 4096 * 4096;
  pool->panels = gil_allocate(threads * pool->panel_bytes);
  pool->handles = calloc(threads, sizeof *pool->handles);
  pool->processors = calloc(threads, sizeof *pool->processors);
  pthread_mutex_init(&pool->lock, 0);
  pthread_cond_init(&pool->begin, 0);
  pthread_cond_init(&pool->end, 0);
  int failed = !products_allowed() || !pool->panels || !pool->handles || !pool->processors;
  for (int i = 0; i < threads && !failed; i++) pool->processors[i] = -1;
  for (pool->threads = 1; pool->threads < threads && !failed; pool->threads += !failed) {
    Place *place = malloc(sizeof *place);
    if (place) *place = (Place){pool, pool->threads};
    failed = !place || pthread_create(&pool->handles[pool->threads], 0, serve, place);
    if (failed) free(place);
  }
  if (!failed) return pool;
  gil_close(pool);
  return 0;
}
