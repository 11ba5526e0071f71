# Many parameters at once: what the optimisers need.

def read_parameters(list parameters, array numbers, array gradients):
    """Copy data and gradients into arrays of doubles; whether all require a gradient."""
    cdef Py_ssize_t i
    cdef PyObject **items = items_of(parameters)
    cdef double *x = numbers.data.as_doubles
    cdef double *g = gradients.data.as_doubles
    cdef unsigned char required = REQUIRES_GRAD
    check_lengths(parameters, numbers)
    check_lengths(parameters, gradients)
    for i in range(len(parameters)):
        check_leaf(items[i])
        x[i] = (<Value> items[i]).number
        g[i] = (<Value> items[i]).gradient.grad
        required &= (<Value> items[i]).flags
    return bool(required)


def write_parameters(list parameters, array numbers):
    """Copy an array of doubles into the data of leaves."""
    cdef Py_ssize_t i
    cdef PyObject **items = items_of(parameters)
    cdef double *x = numbers.data.as_doubles
    check_lengths(parameters, numbers)
    for i in range(len(parameters)):
        check_leaf(items[i])
        (<Value> items[i]).number = x[i]


cdef int check_lengths(list parameters, array numbers) except -1:
    if len(parameters) != len(numbers):
        raise errors.ShapeError(f"{len(parameters)} parameters, but {len(numbers)} numbers")
    if numbers.typecode != "d":
        raise TypeError("the numbers must be doubles: array('d')")
    return 0


cdef inline int check_leaf(PyObject *parameter) except -1:
    if not is_value(<object> parameter) or has_parents(<Value> parameter):
        raise errors.GraphError(f"{<object> parameter!r} is no leaf")
    return 0
