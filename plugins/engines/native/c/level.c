/*
 * What the processor has, as a number: the place of its name among LEVELS in kernels.ts. This file is
 * compiled for any processor.
 */
#include <stdint.h>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <cpuid.h>

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>

/* Whether the system saves tiles for this process, which has to ask: see product_bf16.c. */
static int tiles_granted(void) { return syscall(SYS_arch_prctl, 0x1023, 18) == 0; }
#else
static int tiles_granted(void) { return 0; }
#endif

int32_t gil_level(void) {
  __builtin_cpu_init();
  int wide = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             __builtin_cpu_supports("bmi2");
  int wider = wide && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
              __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
              __builtin_cpu_supports("avx512cd");
  if (!wider) return wide;
  /* Leaf 7: older compilers have no names for these. */
  unsigned a = 0, b = 0, c = 0, d = 0, bf16 = 0;
  __get_cpuid_count(7, 0, &a, &b, &c, &d);
  unsigned tiles = d & 1u << 22 && d & 1u << 24;
  if (a >= 1) __get_cpuid_count(7, 1, &bf16, &b, &c, &d);
  if (!(bf16 & 1u << 5)) return 2;
  return tiles && tiles_granted() ? 4 : 3;
}
#else
int32_t gil_level(void) { return 0; }
#endif
