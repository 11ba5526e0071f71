#ifdef CHAINRULE_X86_SETS
#define SET avx2
#define SET_NAME "avx2"
#include "kernels.inc"
#endif
