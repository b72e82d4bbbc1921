/*
 * The kernels as a process of their own, for another processor than this machine's: it has memory at
 * the same address as whoever started it, and is told on its standard input which function is to be
 * called with which structure in there. Started by native_elsewhere.ts.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

void *gil_open(int32_t threads);
void gil_close(void *pool);
int32_t gil_run(void *pool, const void *run);
int32_t gil_optimise(void *pool, const void *step);

/* A call; the layout is that of native_elsewhere.ts. */
typedef struct {
  int64_t optimises;
  void *structure;
} Call;

static int fail(const char *what) {
  perror(what);
  return 1;
}

/* Of a file, the address at which it is to lie, its size in bytes, and threads; none make no pool. */
int main(int count, char **given) {
  if (count != 5) return 2;
  int file = open(given[1], O_RDWR), kind = MAP_SHARED | MAP_FIXED_NOREPLACE;
  void *address = (void *)strtoull(given[2], 0, 10);
  if (file < 0) return fail("the memory cannot be opened");
  if (mmap(address, strtoull(given[3], 0, 10), PROT_READ | PROT_WRITE, kind, file, 0) != address)
    return fail("the memory cannot be had at that address");
  int32_t threads = atoi(given[4]);
  void *pool = threads ? gil_open(threads) : 0;
  if (threads && !pool) return fail("there are no threads to be had");
  for (Call call; fread(&call, sizeof call, 1, stdin);) {
    int32_t ended = (call.optimises ? gil_optimise : gil_run)(pool, call.structure);
    fwrite(&ended, sizeof ended, 1, stdout);
    fflush(stdout);
  }
  if (pool) gil_close(pool);
  return 0;
}
