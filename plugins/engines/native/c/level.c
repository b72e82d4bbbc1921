/*
 * What the processor has, as a number: the place of its name among LEVELS in library.ts. This file is
 * compiled for any processor.
 */
#include <stdint.h>

int32_t gil_level(void) {
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
  __builtin_cpu_init();
  int wide = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             __builtin_cpu_supports("bmi2");
  int wider = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
              __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
              __builtin_cpu_supports("avx512cd");
  return wide ? wider ? 2 : 1 : 0;
#else
  return 0;
#endif
}
