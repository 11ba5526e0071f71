#ifdef CHAINRULE_X86_SETS
#define SET avx2
#define SET_NAME "avx2"
#define VECTORS
#include "kernels.inc"
#endif
