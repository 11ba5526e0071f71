# Many parameters at once: what the optimisers need.

def read_parameters(list parameters, array numbers, array gradients):
    """Copy data and gradients into arrays of doubles; whether all require a gradient."""
    cdef Py_ssize_t i
    cdef PyObject **items = items_of(parameters)
    cdef double *x = numbers.data.as_doubles
    cdef double *g = gradients.data.as_doubles
    cdef unsigned char required = REQUIRES_GRAD
    if stale:
        refresh()
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
    changing()
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


def read_numbers(list leaves, array numbers):
    """Copy the data of Values into an array of doubles."""
    cdef Py_ssize_t i
    cdef PyObject **items = items_of(leaves)
    cdef double *x = numbers.data.as_doubles
    check_lengths(leaves, numbers)
    if stale:
        refresh()
    for i in range(len(leaves)):
        x[i] = (<Value> items[i]).number


def add_gradients(list leaves, array gradients):
    """Add an array of doubles to the gradients of Values; those that require none stay."""
    cdef Py_ssize_t i
    cdef PyObject **items = items_of(leaves)
    cdef double *g = gradients.data.as_doubles
    cdef Value leaf
    check_lengths(leaves, gradients)
    changing()
    for i in range(len(leaves)):
        leaf = <Value> items[i]
        if leaf.flags & REQUIRES_GRAD:
            leaf.gradient.grad += g[i]
            leaf.flags |= REACHED | ARRIVED


def any_with_hooks(list values):
    """Whether a hook is registered on any of these Values."""
    cdef Py_ssize_t i
    cdef PyObject **items = items_of(values)
    cdef Extra *extra
    for i in range(len(values)):
        extra = (<Value> items[i]).extra
        if extra != NULL and extra.own != NULL and extra.own.hooks != NULL:
            return True
    return False


def hold_the_same(list places):
    """Whether each list or dict, in the pairs `places`, holds the items of the list beside it."""
    cdef list held
    cdef Py_ssize_t i, at
    cdef PyObject **others
    cdef PyObject *item
    for place in places:
        container = <object> PyTuple_GET_ITEM(place, 0)
        held = <list> PyTuple_GET_ITEM(place, 1)
        others = items_of(held)
        if len(container) != len(held):
            return False
        if isinstance(container, list):
            if memcmp(items_of(container), others, len(held) * sizeof(PyObject *)):
                return False
        else:
            at = i = 0
            while PyDict_Next(<PyObject *> container, &at, NULL, &item):
                if item != others[i]:
                    return False
                i += 1
    return True


def computed_among(list values):
    """The places of the Values that have parents."""
    cdef Py_ssize_t i
    cdef PyObject **items = items_of(values)
    return [i for i in range(len(values)) if has_parents(<Value> items[i])]
