# `Value(...)`: quick for a number and a label, in full for a node made by hand.

ctypedef int (*initproc)(PyObject *, PyObject *, PyObject *)
ctypedef PyObject *(*newproc)(PyTypeObject *, PyObject *, PyObject *)
cdef initproc init_in_full
cdef newproc new_in_full
cdef object name_of_label = intern("label")
cdef object name_of_required = intern("requires_grad")


cdef PyObject *new(PyTypeObject *type, PyObject *given, PyObject *named) except NULL:
    """`__new__`, quick where a freed Value can be used again."""
    cdef Value node
    if type != type_of_values or free_count == 0:
        return new_in_full(type, given, named)
    node = new_node()
    node.number = NAN
    node.partial_a = node.partial_b = 0.0
    Py_INCREF(node)
    return <PyObject *> node


cdef int init(PyObject *self, PyObject *given, PyObject *named) except -1:
    """`__init__`, quick for a number, or a number and a label."""
    cdef Value node = <Value> self
    cdef Py_ssize_t n = PyTuple_GET_SIZE(<object> given)
    cdef PyObject *label = NULL
    cdef bint plain = node.extra == NULL and not has_parents(node) and (n == 1 or n == 2)
    if n == 2:
        label = PyTuple_GET_ITEM(<object> given, 1)
    if named != NULL and PyDict_GET_SIZE(named):
        plain = plain and n == 1 and PyDict_GET_SIZE(named) == 1
        label = PyDict_GetItemWithError(named, <PyObject *> name_of_label) if plain else NULL
        plain = label != NULL
    if not plain or (label != NULL and type(<object> label) is not str):
        return init_in_full(self, given, named)
    begin(node, PyTuple_GET_ITEM(<object> given, 0), label, True)
    return 0


cdef inline int begin(Value node, PyObject *data, PyObject *label, bint required) except -1:
    changing()  # of one that is in use: it may be begun again
    node.number = (
        PyFloat_AS_DOUBLE(<object> data) if type(<object> data) is float
        else as_float(<object> data)
    )
    node.gradient.grad = 0.0
    node.partial_a = place_in_batch()
    node.flags = REQUIRES_GRAD if required else 0
    read_modes()
    set_scope(node)
    if label != NULL and <object> label:
        set_label(node, <object> label)
    return 0


cdef object called(PyObject *kind, PyObject **given, size_t flagged, PyObject *names):
    """`Value(...)`, without a tuple and a dict for a number, a label and `requires_grad`."""
    cdef Py_ssize_t i
    cdef Py_ssize_t n = PyVectorcall_NARGS(flagged)
    cdef Py_ssize_t named = PyTuple_GET_SIZE(<object> names) if names != NULL else 0
    cdef PyObject *label = given[1] if n == 2 else NULL
    cdef PyObject *required = NULL
    cdef PyObject *name
    cdef bint plain = (n == 1 or n == 2) and init_of(type_of_values) == <void *> init and (
        new_of(type_of_values) == <void *> new
    )
    for i in range(named):
        name = PyTuple_GET_ITEM(<object> names, i)
        if name == <PyObject *> name_of_label and n == 1:
            label = given[n + i]
        elif name == <PyObject *> name_of_required:
            required = given[n + i]
        else:
            plain = False
    if not plain or (label != NULL and type(<object> label) is not str):
        return called_in_full(kind, given, n, names, named)
    node = <object> new(type_of_values, NULL, NULL)
    Py_DECREF(node)  # Cython has taken a reference of its own
    begin(<Value> node, given[0], label, required == NULL or <object> required)
    return node


cdef called_in_full(
    PyObject *kind, PyObject **given, Py_ssize_t n, PyObject *names, Py_ssize_t named
):
    cdef Py_ssize_t i
    arguments = tuple([<object> given[i] for i in range(n)])
    by_name = {
        <object> PyTuple_GET_ITEM(<object> names, i): <object> given[n + i] for i in range(named)
    }
    return call_in_full(kind, <PyObject *> arguments, <PyObject *> by_name)


cdef int in_full(Value node, label, made) except -1:
    """The rest of `__init__`: a label, and what `made_by_hand.read` found of a node made by hand."""
    cdef Extra *extra = extra_of(node)
    cdef tuple children = ()
    op, partials = "", ()
    if made is not None:
        label, children, op, partials, required = made
        if not required:
            node.flags &= ~REQUIRES_GRAD
    if children:
        take_operands(node, children, partials)
    set_label(node, label)
    replace(&node.extra.op, op)
    node.rule = 0
    if children and anomaly:
        modes.check_forward(op, node, node.parents)
    return 0


cdef int take_operands(Value node, tuple children, tuple partials) except -1:
    """Make `children`, Values and floats, the operands of a leaf."""
    cdef Py_ssize_t i
    cdef Extra *old = node.extra
    cdef bint wanted = node.flags & REQUIRES_GRAD != 0
    cdef Extra *extra = extra_for(len(children))
    if old != NULL:
        extra.label, extra.op, extra.scope = old.label, old.op, old.scope
        extra.made_at, extra.own = old.made_at, old.own
        PyMem_RawFree(old)
    node.extra = extra
    node.flags = (node.flags & ~REQUIRES_GRAD) | MANY
    for i in range(len(children)):
        take(node, i, <PyObject *> children[i])
        extra.partials[i] = partials[i]
    if not wanted:
        node.flags &= ~REQUIRES_GRAD
    return 0
