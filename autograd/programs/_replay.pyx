# cython: language_level=3, boundscheck=False, wraparound=False, freethreading_compatible=False
"""The native replay's entry: a lowered tape, room for its numbers, and runs over rows."""

import os
from array import array

from cpython cimport array as c_array
from cpython.buffer cimport PyBUF_C_CONTIGUOUS, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport int32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

cdef extern from "replay.h" nogil:
    ctypedef struct Instruction:
        pass
    ctypedef int (*CallPython)(void *, int, int, const double *, double *) noexcept
    ctypedef struct Program:
        const Instruction *code
        const int32_t *slots
        int32_t instructions, leaves, shared, of_rows, partials, packed
    ctypedef struct Matrices:
        pass
    ctypedef struct Workspace:
        int lanes
        double *numbers
        double *gradients
        double *row_numbers
        double *row_gradients
        double *shared_partials
        double *row_partials
        double *packed
        double *transposed
        double *packed_gradients
        double *scratch
        const unsigned char *wanted
        const Matrices *matrices
        void *owner
        CallPython call_python
    ctypedef struct Job:
        Py_ssize_t leaves, inputs, outputs, first, stop
        const int32_t *output_slots
        const double *leaf_numbers
        const double *rows
        const double *upstream
        double same_upstream
        int by
        double *output_numbers
        double *leaf_gradients
        double *input_gradients
        unsigned char *failed
    ctypedef struct Kernels:
        const char *name
        int (*run)(const Program *, Workspace *, const Job *) noexcept nogil
    const char *const replayed_rules[]
    const char replayed_kinds[]
    int replayed_count
    int sets_here(const Kernels **kernels, const Matrices **matrices)

cdef const Kernels *kernels_of[8]
cdef const Matrices *matrices_of[8]
cdef int sets = sets_here(kernels_of, matrices_of)

#: The instruction sets that this machine has, the best last.
instruction_sets = [kernels_of[i].name.decode() for i in range(sets)]
cdef int chosen = sets - 1

#: The rules that have C, by name, and their kinds by number.
numbers = {replayed_rules[i].decode(): i for i in range(1, replayed_count + 1)}
kinds = replayed_kinds.decode()


def choose(name):
    """Run with that instruction set from now on; the best without a name."""
    global chosen
    chosen = instruction_sets.index(name) if name else sets - 1


def chosen_set():
    """The number of the instruction set in use."""
    return chosen


choose(os.environ.get("CHAINRULE_INSTRUCTION_SET", ""))


cdef c_array.array doubles = array("d")


def room(Py_ssize_t count):
    """An array of so many doubles, whatever they are."""
    return c_array.clone(doubles, count, zero=False)


def add(c_array.array total, c_array.array part):
    """total += part"""
    cdef Py_ssize_t i
    for i in range(len(part)):
        total.data.as_doubles[i] += part.data.as_doubles[i]


def first_not_finite(numbers):
    """The place of the first nan or infinity in a buffer of doubles; -1 if there is none."""
    cdef Py_buffer view
    cdef const double *x
    cdef Py_ssize_t i, count, found = -1
    PyObject_GetBuffer(numbers, &view, PyBUF_C_CONTIGUOUS)
    x, count = <const double *> view.buf, view.len // 8
    for i in range(count):
        if not (x[i] - x[i] == 0.0):
            found = i
            break
    PyBuffer_Release(&view)
    return found


def side_by_side(columns, Py_ssize_t count):
    """Blocks of doubles, pairs of a buffer and the length of its rows, as one, row by row."""
    cdef Py_ssize_t width = sum([own for _, own in columns]), at = 0, row, i, own
    cdef c_array.array block = room(count * width)
    cdef double *out = block.data.as_doubles
    cdef const double *x
    cdef Py_buffer view
    for buffer, own in columns:
        PyObject_GetBuffer(buffer, &view, PyBUF_C_CONTIGUOUS)
        if view.len < 8 * count * own:
            PyBuffer_Release(&view)
            raise ValueError(f"{view.len // 8} numbers are no {count} rows of {own}")
        x = <const double *> view.buf
        for row in range(count):
            for i in range(own):
                out[row * width + at + i] = x[row * own + i]
        PyBuffer_Release(&view)
        at += own
    return block


cdef class Space:
    """Room for the numbers of one run at a time, zeroed where it must be."""

    cdef Workspace w
    cdef double *memory
    cdef list python
    cdef object raised  # by a Python rule, beyond what the exact replay will raise again

    def __cinit__(self, Core core, int lanes, Py_ssize_t scratch):
        cdef Py_ssize_t shared = core.program.shared, rows = core.program.of_rows * lanes
        cdef Py_ssize_t partials = core.program.partials, packed = core.program.packed
        cdef Py_ssize_t padding = 64  # whole cache lines between the arrays
        cdef Py_ssize_t sizes[8]
        sizes[:] = [
            shared + rows, shared + rows, partials, partials * lanes,
            packed, packed, packed, scratch,
        ]
        cdef Py_ssize_t total = 0
        for i in range(8):
            sizes[i] = (sizes[i] + 8 + 7) // 8 * 8
            total += sizes[i]
        self.memory = <double *> calloc(total + 8, sizeof(double))
        if self.memory == NULL:
            raise MemoryError(f"no room for {total} numbers")
        cdef double *at = <double *> ((<size_t> self.memory + padding - 1) // padding * padding)
        # With one lane row numbers follow at once, as slots of one array do; with more they
        # start on a cache line.
        cdef Py_ssize_t gap = 0 if lanes == 1 else (8 - shared % 8) % 8
        self.w.lanes = lanes
        self.w.numbers = at
        self.w.row_numbers = at + shared + gap
        at += sizes[0]
        self.w.gradients = at
        self.w.row_gradients = at + shared + gap
        at += sizes[1]
        self.w.shared_partials = at
        at += sizes[2] if lanes > 1 else 0
        self.w.row_partials = at
        at += sizes[3]
        self.w.packed = at
        at += sizes[4]
        self.w.transposed = at
        at += sizes[5]
        self.w.packed_gradients = at
        at += sizes[6]
        self.w.scratch = at
        for slot, number in zip(core.constants, core.constant_numbers, strict=True):
            if slot < shared:
                self.w.numbers[slot] = number
        self.python = core.python
        self.w.owner, self.w.call_python = <void *> self, call_python

    def __dealloc__(self):
        free(self.memory)


cdef int call_python(void *owner, int rule, int width, const double *operands,
                     double *results) noexcept with gil:
    cdef Space space = <Space> owner
    cdef int i
    try:
        found = space.python[rule](*[operands[i] for i in range(width)])
        for i in range(width + 1):
            results[i] = found[i]
        return 1
    except (ValueError, ArithmeticError):
        return 0  # the exact replay will say it
    except BaseException as error:
        space.raised = error
        return 0


cdef int check_length(what, Py_buffer *view, Py_ssize_t least) except -1:
    """So that nothing is read that is not there."""
    if view.itemsize != 8 or view.len < 8 * least:
        raise ValueError(
            f"{what} are {view.len // view.itemsize} numbers of {view.itemsize} bytes; wanted "
            f"are {least} doubles"
        )
    return 0


cdef class Core:
    """A lowered tape, and its runs."""

    cdef Program program
    cdef list spaces  # free ones
    cdef readonly list python
    cdef c_array.array code, slots, outputs
    cdef readonly object constants, constant_numbers
    cdef readonly Py_ssize_t leaves, inputs
    cdef object wanted

    def __init__(self, lowered, constant_numbers):
        self.code, self.slots = lowered.code, lowered.slots
        self.outputs = lowered.outputs
        self.constants, self.constant_numbers = lowered.constants, constant_numbers
        self.leaves, self.inputs = lowered.leaves, lowered.inputs
        self.python, self.wanted = lowered.python, lowered.wanted
        self.program.code = <const Instruction *> self.code.data.as_ints
        self.program.slots = <const int32_t *> self.slots.data.as_ints
        self.program.instructions = len(self.code) // 8
        self.program.leaves = lowered.leaves
        self.program.shared, self.program.of_rows = lowered.shared, lowered.of_rows
        self.program.partials, self.program.packed = lowered.partials, lowered.packed
        self.spaces = []

    def space(self, int lanes, Py_ssize_t scratch):
        """Room that no run uses, from an earlier run if there is some."""
        cdef Space space
        for i in range(len(self.spaces)):
            space = self.spaces[i]
            if space.w.lanes == lanes:
                return self.spaces.pop(i)
        return Space(self, lanes, scratch)

    def run(
        self, c_array.array leaves, rows, Py_ssize_t first, Py_ssize_t stop, upstream, int by,
        int lanes, Py_ssize_t scratch, c_array.array outputs, c_array.array leaf_gradients,
        c_array.array input_gradients,
    ):
        """Replay rows `first` to `stop`; what comes out goes to the three arrays.

        Returns nothing if all went well, else for each chunk whether it must be replayed
        exactly, or True for all.
        """
        cdef Job job
        cdef Py_buffer view, above
        cdef Space space = self.space(lanes, scratch)
        cdef Py_ssize_t chunks = (stop - first + lanes - 1) // lanes
        cdef bytearray failed = bytearray(chunks)
        cdef bytes columns = self.wanted(by)
        cdef const unsigned char *wanted = columns
        cdef const Kernels *kernels = kernels_of[chosen]
        cdef int fine
        memset(&job, 0, sizeof(job))
        memset(&above, 0, sizeof(above))
        job.leaves, job.inputs, job.outputs = self.leaves, self.inputs, len(self.outputs)
        job.first, job.stop, job.by = first, stop, by
        job.output_slots = <const int32_t *> self.outputs.data.as_ints
        job.leaf_numbers = leaves.data.as_doubles
        job.failed = failed
        job.output_numbers = outputs.data.as_doubles
        if leaf_gradients is not None:
            job.leaf_gradients = leaf_gradients.data.as_doubles
        if input_gradients is not None:
            job.input_gradients = input_gradients.data.as_doubles
        space.w.wanted, space.w.matrices = wanted, matrices_of[chosen]
        if len(leaves) != self.leaves:
            raise ValueError(f"{len(leaves)} numbers for {self.leaves} leaves")
        PyObject_GetBuffer(rows, &view, PyBUF_C_CONTIGUOUS)
        job.rows = <const double *> view.buf
        try:
            check_length("rows", &view, stop * self.inputs)
            if type(upstream) is float:
                job.same_upstream = upstream
            else:
                PyObject_GetBuffer(upstream, &above, PyBUF_C_CONTIGUOUS)
                job.upstream = <const double *> above.buf
                check_length("upstream", &above, stop * job.outputs)
            with nogil:
                fine = kernels.run(&self.program, &space.w, &job)
        finally:
            PyBuffer_Release(&view)
            if job.upstream != NULL:
                PyBuffer_Release(&above)
        self.spaces.append(space)
        if space.raised is not None:
            error, space.raised = space.raised, None
            raise error
        if not fine:
            return True
        return failed if 1 in failed else None
