#ifdef CHAINRULE_X86_SETS
#define SET avx512
#define SET_NAME "avx512"
#define VECTORS
#include "kernels.inc"
#endif
