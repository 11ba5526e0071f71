/* Which instruction sets this machine has; the names of the rules. */
#include "_replay_rules.h"
#include "replay.h"

#define NAME(number, name) [number] = #name,
#define KIND_U(number, name) [number] = 'u',
#define KIND_B(number, name) [number] = 'b',
#define KIND_T(number, name) [number] = 't',
#define KIND_S(number, name) [number] = 's',

const char *const replayed_rules[] = {
    UNARY_RULES(NAME) BINARY_RULES(NAME) TERNARY_RULES(NAME) SEQUENCE_RULES(NAME)};
const char replayed_kinds[] = {
    ' ', UNARY_RULES(KIND_U) BINARY_RULES(KIND_B) TERNARY_RULES(KIND_T) SEQUENCE_RULES(KIND_S)
    [sizeof replayed_rules / sizeof *replayed_rules] = 0};
const int replayed_count = sizeof replayed_rules / sizeof *replayed_rules - 1;

/* The sets that run here, the best last; returns how many. */
int sets_here(const Kernels **kernels, const Matrices **matrices)
{
    int count = 0;
    kernels[count] = &kernels_base, matrices[count++] = &matrices_base;
#ifdef CHAINRULE_X86_SETS
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        kernels[count] = &kernels_avx2, matrices[count++] = &matrices_avx2;
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
            && __builtin_cpu_supports("avx512vl"))
            kernels[count] = &kernels_avx512, matrices[count++] = &matrices_avx512;
    }
#endif
    for (int i = 0; i < count; i++)
        kernels[i]->begin();
    return count;
}
