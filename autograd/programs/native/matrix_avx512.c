#ifdef CHAINRULE_X86_SETS
#define SET avx512
#define VECTOR 8
#define ROWS 8
#include "matrix.inc"
#endif
