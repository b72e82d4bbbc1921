/*
 * An instruction that the processor does not have ends a run, not the process: a library may come from
 * another machine, and compilers err. The signal is caught where a thread works for us, which leaves
 * what it does for good, and is passed on elsewhere.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>

#include "gil.h"

/* Where a thread goes on that meets such an instruction; null where it does not work for us. */
static _Thread_local sigjmp_buf *way_out;
static struct sigaction before;

static void leave(int number, siginfo_t *info, void *context) {
  if (way_out) siglongjmp(*way_out, 1);
  if (before.sa_flags & SA_SIGINFO) before.sa_sigaction(number, info, context);
  else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) before.sa_handler(number);
  else sigaction(number, &before, 0); /* the instruction comes again, and ends the process */
}

static void listen(void) {
  struct sigaction action = {.sa_sigaction = leave, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigaction(SIGILL, &action, &before);
}

int attempt(void (*work)(Frame *frame, const void *what), Frame *frame, const void *what) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  sigjmp_buf here, *outer = way_out;
  pthread_once(&once, listen);
  int done = sigsetjmp(here, 0) == 0;
  if (done) {
    way_out = &here;
    work(frame, what);
  }
  way_out = outer;
  return done;
}
