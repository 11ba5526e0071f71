#define SET base
#define VECTOR 2
#define ROWS 4
#include "matrix.inc"
