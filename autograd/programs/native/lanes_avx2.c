#ifdef CHAINRULE_X86_SETS
#define SET avx2
#include "lane_rules.inc"
#endif
