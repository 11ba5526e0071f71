#ifdef CHAINRULE_X86_SETS
#define SET avx2
#define VECTOR 4
#define ROWS 4
#include "matrix.inc"
#endif
