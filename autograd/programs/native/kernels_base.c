#define SET base
#define SET_NAME "base"
#include "kernels.inc"
