#ifdef CHAINRULE_X86_SETS
#define SET avx512
#include "lane_rules.inc"
#endif
