/* What a lowered tape is (see `lowering.py`), and where one run of it keeps its numbers.

   Numbers of slots are renumbered: first those that depend on no input ("shared": one number
   for all rows), then the others, which have a number for each row of a chunk, its *lanes*.
   A single row has one lane, and all numbers lie in one array in the order of slots. */
#ifndef CHAINRULE_REPLAY_H
#define CHAINRULE_REPLAY_H

#include <stddef.h>
#include <stdint.h>

#if defined(_MSC_VER)
#define restrict __restrict
#endif

enum { ELEMENTWISE, SEQUENCE, MATRIX, PYTHON, SOFTMAX };            /* Instruction.kind */
enum { SHARED = 1, RUNS = 2, ORDERLY = 4, REFUSES = 8, WEIGHTS_RUN = 16, INPUTS_RUN = 32, BIASED = 128, COLUMN_RUNS = 256 /* << column */,
       QUICK = 2048 /* need not be as in eager code; a SOFTMAX: then not its logarithm */,
       ALONE = 4096 /* times how a single row computes it: a constant of the next */ };                         /* Instruction.flags */
/* What a single row has a case of its own for; the others go by kind. */
enum { AS_KIND, AS_RULE, AS_ADD, AS_SUB, AS_MUL, AS_NEG, AS_SQUARE, AS_EXP, AS_SUM, AS_MEAN, AS_DOT,
       AS_LOGSUMEXP, AS_MEAN_OF_4, AS_SOFTPLUS, AS_SIGMOID, AS_SOFTMAX, AS_SOFTMAX_OF_4 };
enum { STEPS_SHARED = 1, STEPS_OF_ROWS = 2 };                       /* which steps to take */

typedef struct {
    int32_t kind, op;       /* op: the number of a rule, or of a Python rule; of a matrix how many
                               sequences it is multiplied with, one after the other */
    int32_t count, width;   /* results; operands of each (of a matrix: the length of a row) */
    int32_t first;          /* the slot of the first result */
    int32_t operands;       /* where their slots start in `slots`, column by column; of a matrix
                               weights, inputs and, if BIASED, what is added to each result */
    int32_t partials;       /* where its partials start, in slots; of a matrix: its weights */
    int32_t flags;
} Instruction;

/* Calls Python rule number `rule`: results are its value and partials; 0 where it raises. */
typedef int (*CallPython)(void *owner, int rule, int width, const double *operands, double *results);

typedef struct {
    const Instruction *code;
    const int32_t *slots;
    int32_t instructions, leaves, shared, of_rows, partials, packed;
} Program;

/* C += A B, or with `first`, a number for each row of C, C = A B + first; C is rows by columns,
   A rows by depth, all with strides between rows. */
typedef void (*Multiply)(ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t depth,
                         const double *a, ptrdiff_t a_stride, const double *b, ptrdiff_t b_stride,
                         double *c, ptrdiff_t c_stride, const double *first);
typedef struct {
    Multiply multiply;
    /* y = W x; w += g x^T, the outer product; x += g W. */
    void (*times_vector)(ptrdiff_t rows, ptrdiff_t columns, const double *w, ptrdiff_t stride,
                         const double *x, double *y);
    void (*outer)(ptrdiff_t rows, ptrdiff_t columns, const double *g, const double *x, double *w,
                  ptrdiff_t stride);
    void (*vector_times)(ptrdiff_t rows, ptrdiff_t columns, const double *g, const double *w,
                         ptrdiff_t stride, double *x);
    /* `to` has a row for each column of `from`. */
    void (*transpose)(ptrdiff_t rows, ptrdiff_t columns, const double *from, ptrdiff_t from_stride,
                      double *to, ptrdiff_t to_stride);
} Matrices;

typedef struct {
    int lanes;                        /* of a chunk: 1, or a multiple of 8 */
    double *numbers, *gradients;      /* of shared slots; with one lane of all */
    const double *leaf_numbers;       /* the first of them, where they were given */
    double *leaf_gradients;
    double *row_numbers, *row_gradients;
    double *shared_partials, *row_partials; /* with one lane, the same */
    double *packed, *transposed;      /* weights of matrices */
    double *packed_gradients;
    double *scratch;                  /* see `scratch_of` in lowering.py */
    const unsigned char *wanted;      /* for each instruction, the columns whose gradient is */
    int rows;                         /* of the chunk; the last of them fills the other lanes */
    const double *given_rows;         /* the first row of the chunk, as it was given */
    ptrdiff_t inputs;                 /* the length of a row */
    const Matrices *matrices;
    void *owner;
    CallPython call_python;
} Workspace;

/* Rows first to stop of a call. */
typedef struct {
    ptrdiff_t leaves, inputs, outputs, first, stop;
    const int32_t *output_slots;
    const double *leaf_numbers, *rows;
    const double *upstream;           /* for each row and output; NULL: always `same_upstream` */
    double same_upstream;
    int by;                           /* whether gradients are wanted, and of what */
    double *output_numbers;
    double *leaf_gradients, *input_gradients;  /* NULL where they are not wanted */
    unsigned char *failed;            /* for each chunk, whether the exact replay must do it */
} Job;

/* A rule over n numbers of each operand. */
typedef void (*Values)(ptrdiff_t, const double *, const double *, const double *, double *);
/* Partials by operand k go to p + k * stride. */
typedef void (*ValuesAndPartials)(ptrdiff_t, const double *, const double *, const double *,
                                  double *, double *, ptrdiff_t);
typedef void (*ManyExponentials)(ptrdiff_t, const double *, double *);

typedef struct {
    const char *name;
    void (*begin)(void); /* before the first run of a process */
    /* 0 where the exact replay must do all rows. */
    int (*run)(const Program *, Workspace *, const Job *);
    /* 0 if one of n numbers is nan or infinite. */
    int (*all_finite)(const double *, ptrdiff_t);
} Kernels;

extern const Matrices matrices_base;
extern const Kernels kernels_base;
#ifdef CHAINRULE_X86_SETS
extern const Matrices matrices_avx2, matrices_avx512;
extern const Kernels kernels_avx2, kernels_avx512;
int use_lanes_avx2(Values *, ValuesAndPartials *, ManyExponentials *);
int use_lanes_avx512(Values *, ValuesAndPartials *, ManyExponentials *);
#endif

extern const char *const replayed_rules[];
extern const char replayed_kinds[];
extern const int replayed_count;
int sets_here(const Kernels **kernels, const Matrices **matrices);

#endif
