# cython: language_level=3, annotation_typing=False, binding=True
# cython: boundscheck=False, wraparound=False, initializedcheck=False
"""The formulas of `updates.py`, compiled, over all parameters of an optimiser at once."""

from cpython.array cimport array, clone, copy

from array import array as new_array

from autograd.engines.compiled import read_parameters, stored, write_parameters

cdef extern from "_updates.h":
    ctypedef void (*Update)(Py_ssize_t, double *, const double *, double **, const double *)
    const int update_count
    const char *const update_names[]
    const int update_memory[]
    int all_finite(Py_ssize_t, const double *)
    const Update update_functions[]

DEF MOST = 8  # numbers remembered for each parameter
DEF MOST_SETTINGS = 16

cdef dict numbers_of_updates = {update_names[i].decode(): i for i in range(update_count)}
cdef array doubles = new_array("d")


def update(name, list parameters, list state, tuple settings):
    """As `updates.update`, for the formula of that name.

    False, and nothing changed, where a parameter is frozen or a gradient or a
    result is not finite: then Python decides, with its own errors.
    """
    cdef int number = numbers_of_updates[name]
    cdef Py_ssize_t i, n = len(parameters)
    cdef array x
    cdef array g
    cdef double setting[MOST_SETTINGS]
    cdef double *remembered[MOST]
    cdef list copies = list(state)
    if len(settings) > MOST_SETTINGS:
        raise ValueError(f"{len(settings)} settings")
    for i in range(len(settings)):
        setting[i] = settings[i]
    if len(state) != update_memory[number] or len(state) > MOST:
        raise ValueError(f"{name} remembers {update_memory[number]} numbers, got {len(state)}")
    for i in range(len(state)):
        if len(state[i]) != n:
            raise ValueError(f"{len(state[i])} remembered numbers for {n} parameters")
        copies[i] = copy(<array?> state[i])
        remembered[i] = (<array> copies[i]).data.as_doubles
    found = stored(parameters)
    store, part = found or (None, None)
    pair = store.read(parameters, part) if store is not None else None
    if pair is not None:
        x, g = pair
    else:
        store = None
        x, g = clone(doubles, n, False), clone(doubles, n, False)
        if not read_parameters(parameters, x, g):
            return False
    if not all_finite(n, g.data.as_doubles):
        return False
    update_functions[number](
        n, x.data.as_doubles, g.data.as_doubles, remembered, setting
    )
    if not all_finite(n, x.data.as_doubles):
        return False
    for i in range(len(state)):
        if not all_finite(n, remembered[i]):
            return False
    if store is None:
        write_parameters(parameters, x)
    else:
        store.write(parameters, part, x)
    state[:] = copies
    return True
