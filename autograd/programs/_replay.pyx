# cython: language_level=3, boundscheck=False, wraparound=False, freethreading_compatible=False
"""The native replay's entry: a lowered tape, room for its numbers, and runs over rows."""

import os
from array import array

from cpython cimport array as c_array
from cpython.buffer cimport (
    PyBUF_C_CONTIGUOUS, PyBUF_FORMAT, PyBuffer_Release, PyObject_GetBuffer
)
from cpython.list cimport PyList_GET_ITEM
from cpython.long cimport PyLong_AsSsize_t
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_New, PyTuple_SET_ITEM
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
        int (*all_finite)(const double *, Py_ssize_t) noexcept nogil
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
cdef c_array.array integers = array("i")


def room(Py_ssize_t count):
    """An array of so many doubles, whatever they are."""
    return c_array.clone(doubles, count, zero=False)


def add(c_array.array total, c_array.array part):
    """total += part"""
    cdef Py_ssize_t i
    for i in range(len(part)):
        total.data.as_doubles[i] += part.data.as_doubles[i]


def total(c_array.array numbers):
    """Their sum from left to right, as of Python's own additions."""
    cdef Py_ssize_t i
    cdef double found = 0.0
    for i in range(len(numbers)):
        found += numbers.data.as_doubles[i]
    return found


cdef Py_ssize_t not_finite_in(const double *x, Py_ssize_t count) noexcept:
    """The place of the first nan or infinity; -1 if there is none."""
    cdef Py_ssize_t i = 0
    if kernels_of[chosen].all_finite(x, count):
        return -1
    while x[i] - x[i] == 0.0:
        i += 1
    return i


def first_not_finite(numbers):
    """The place of the first nan or infinity in a buffer of doubles; -1 if there is none."""
    cdef Py_buffer view
    cdef Py_ssize_t found
    PyObject_GetBuffer(numbers, &view, PyBUF_C_CONTIGUOUS)
    found = not_finite_in(<const double *> view.buf, view.len // 8)
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


# --- slots of long instructions, for the passes and the lowering ---------------------------------

cdef inline Py_ssize_t slot_at(tuple slots, Py_ssize_t i, Py_ssize_t count) except -1:
    """Slot number i of the slots, all of which are below `count`."""
    cdef Py_ssize_t at = PyLong_AsSsize_t(<object> PyTuple_GET_ITEM(slots, i))
    if not 0 <= at < count:
        raise IndexError(f"slot {at} of {count}")
    return at


def moved(list place, tuple slots):
    """`place` of each of the slots, which may be negative, as a tuple."""
    cdef Py_ssize_t i, at, n = len(slots), count = len(place)
    cdef tuple new = PyTuple_New(n)
    for i in range(n):
        at = PyLong_AsSsize_t(<object> PyTuple_GET_ITEM(slots, i))
        if at < 0:
            at += count
        if not 0 <= at < count:
            raise IndexError(f"slot {at} of {count}")
        item = <object> PyList_GET_ITEM(place, at)
        Py_INCREF(item)
        PyTuple_SET_ITEM(new, i, item)
    return new


def uses(list sequences, Py_ssize_t count):
    """How often each of so many slots stands in the sequences of slots."""
    cdef c_array.array counted = c_array.clone(integers, count, zero=True)
    cdef Py_ssize_t i
    cdef tuple slots
    for slots in sequences:
        for i in range(len(slots)):
            counted.data.as_ints[slot_at(slots, i, count)] += 1
    return counted.tolist()


def mark(bytearray marks, tuple slots):
    """Set the marks of these slots."""
    cdef Py_ssize_t i, count = len(marks)
    cdef unsigned char *own = marks
    for i in range(len(slots)):
        own[slot_at(slots, i, count)] = 1


def any_marked(bytearray marks, tuple slots):
    """Whether one of these slots is marked."""
    cdef Py_ssize_t i, count = len(marks)
    cdef unsigned char *own = marks
    for i in range(len(slots)):
        if own[slot_at(slots, i, count)]:
            return True
    return False


cdef object ndarray = None  # the class of NumPy's arrays, once there was one


cdef bint is_plain(column):
    """Whether it is an array of NumPy itself or of the standard library."""
    global ndarray
    kind = type(column)
    if kind is ndarray or kind is c_array.array:
        return True
    if ndarray is None and kind.__module__ == "numpy" and kind.__name__ == "ndarray":
        ndarray = kind
        return True
    return False


cdef int read_block(column, Py_buffer *view) except -1:
    """1, and `view` taken, for an array of doubles in C's order; else 0."""
    if not is_plain(column):
        return 0
    try:
        PyObject_GetBuffer(column, view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT)
    except (ValueError, BufferError):  # in another order, or of dates and the like
        return 0
    if view.ndim and view.format != NULL and view.format[0] == c"d" and view.format[1] == 0:
        return 1
    PyBuffer_Release(view)
    return 0


DEF MOST_COLUMNS = 16


def blocks(tuple columns):
    """The structure of a row, the numbers row by row, how many rows there are and how long.

    None where a column is no array of doubles, or anything is wrong with them: then
    `rows.py` looks at each, and says what.
    """
    cdef Py_buffer views[MOST_COLUMNS]
    cdef Py_ssize_t widths[MOST_COLUMNS]
    cdef Py_ssize_t n = len(columns), known = 0, i, k, row, width = 0, count = -1
    cdef const double *x
    cdef double *out
    cdef c_array.array block
    cdef list key = []
    if not 0 < n <= MOST_COLUMNS:
        return None
    try:
        for column in columns:
            if not read_block(column, &views[known]):
                return None
            known += 1
            if count < 0:
                count = views[0].shape[0]
            if not count or views[known - 1].shape[0] != count:
                return None
            widths[known - 1] = views[known - 1].len // 8 // count
            width += widths[known - 1]
            if views[known - 1].ndim == 1:
                key.append(NUMBER)
            else:
                shape = [views[known - 1].shape[i] for i in range(1, views[known - 1].ndim)]
                key.append(("array", tuple(shape)))
        if n == 1:
            if not_finite_in(<const double *> views[0].buf, count * width) >= 0:
                return None
            return tuple(key), columns[0], count, width
        block = room(count * width)
        out = block.data.as_doubles
        for i in range(n):
            x = <const double *> views[i].buf
            for row in range(count):
                for k in range(widths[i]):
                    out[row * width + k] = x[row * widths[i] + k]
            out += widths[i]
        if not_finite_in(block.data.as_doubles, count * width) >= 0:
            return None
        return tuple(key), block, count, width
    finally:
        for i in range(known):
            PyBuffer_Release(&views[i])


NUMBER = 0  # as in `rows.py`


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
    cdef Py_ssize_t most_lanes
    cdef object wanted, scratch
    cdef dict wanted_by

    def __init__(self, lowered, constant_numbers, most_lanes, scratch):
        self.most_lanes, self.scratch, self.wanted_by = most_lanes, scratch, {}
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

    cdef Space space(self, int lanes):
        """Room that no run uses, from an earlier run if there is some."""
        cdef Space space
        for i in range(len(self.spaces)):
            space = self.spaces[i]
            if space.w.lanes == lanes:
                return self.spaces.pop(i)
        return Space(self, lanes, self.scratch(lanes))

    cdef bytes columns_wanted(self, int by):
        found = self.wanted_by.get(by)
        if found is None:
            found = self.wanted_by[by] = self.wanted(by)
        return found

    cpdef int lanes_for(self, Py_ssize_t count):
        """How many lanes so many rows of a longer call get: chunks of about the same length."""
        cdef Py_ssize_t chunks = max((count + self.most_lanes - 1) // self.most_lanes, 1)
        cdef Py_ssize_t each = (count + chunks - 1) // chunks
        return <int> max((each + 7) // 8 * 8, 8)

    def replay(self, leaves, rows, Py_ssize_t count, upstream, int by):
        """All rows of a call: outputs, both gradients, what `run` returned, and the lanes."""
        outputs = room(count * len(self.outputs))
        by_leaves = room(self.leaves) if by & 1 else None
        by_inputs = room(count * self.inputs) if by & 2 else None
        cdef int lanes = 1 if count == 1 else self.lanes_for(count)
        failed = self.run(
            leaves, rows, 0, count, upstream, by, lanes, outputs, by_leaves, by_inputs
        )
        return outputs, by_leaves, by_inputs, failed, lanes

    cpdef run(
        self, c_array.array leaves, rows, Py_ssize_t first, Py_ssize_t stop, upstream, int by,
        int lanes, c_array.array outputs, c_array.array leaf_gradients,
        c_array.array input_gradients,
    ):
        """Replay rows `first` to `stop`; what comes out goes to the three arrays.

        Returns nothing if all went well, else for each chunk whether it must be replayed
        exactly, or True for all.
        """
        cdef Job job
        cdef Py_buffer view, above
        cdef Space space = self.space(lanes)
        cdef Py_ssize_t chunks = (stop - first + lanes - 1) // lanes
        cdef bytearray failed = bytearray(chunks)
        cdef bytes columns = self.columns_wanted(by)
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
