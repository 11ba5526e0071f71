# A node's operands, flags and label: in the node itself, or in its Extra.

cdef inline void set_flag(Value node, unsigned char flag, bint on) noexcept:
    if on:
        node.flags |= flag
    else:
        node.flags &= ~flag


cdef inline bint has_parents(Value node) noexcept:
    return node.flags & (MANY | A_NUMBER | B_NUMBER) != 0 or node.a.value != NULL


cdef inline Py_ssize_t operand_count(Value node) noexcept:
    if node.flags & MANY:
        return node.extra.count
    if not has_parents(node):
        return 0
    return 2 if node.flags & B_NUMBER or node.b.value != NULL else 1


cdef double partial(Value node, Py_ssize_t i) noexcept:
    if node.flags & MANY:
        return node.extra.partials[i]
    return node.partial_b if i else node.partial_a


cdef Value parent(Value node, Py_ssize_t i):
    """Operand `i`; a number becomes a constant Value, now that someone looks at it."""
    cdef Operand *operand
    cdef bint is_number
    cdef Value made
    if node.flags & MANY:
        operand, is_number = &node.extra.operands[i], node.extra.is_number[i]
    elif i:
        operand, is_number = &node.b, node.flags & B_NUMBER
    else:
        operand, is_number = &node.a, node.flags & A_NUMBER
    if not is_number:
        return <Value> operand.value
    made = new_node()
    made.serial = node.serial  # it was there before the node
    made.number = operand.number
    number_scope(made, node.scope)
    Py_INCREF(made)
    operand.value = <PyObject *> made
    if node.flags & MANY:
        node.extra.is_number[i] = 0
    else:
        node.flags &= ~(B_NUMBER if i else A_NUMBER)
    return made


cdef PyObject *drop_operands(Value node, PyObject *dying) noexcept:
    """Give up the references to the parents; those that would die join the list `dying`."""
    cdef Py_ssize_t i
    cdef Extra *extra = node.extra
    if node.flags & MANY:
        for i in range(extra.count):
            if not extra.is_number[i]:
                dying = drop(extra.operands[i].value, dying)
        extra.count = 0
    else:
        if not node.flags & A_NUMBER and node.a.value != NULL:
            dying = drop(node.a.value, dying)
        if not node.flags & B_NUMBER and node.b.value != NULL:
            dying = drop(node.b.value, dying)
    node.a.value = node.b.value = NULL
    node.flags &= ~(MANY | A_NUMBER | B_NUMBER)
    return dying


cdef inline PyObject *drop(PyObject *value, PyObject *dying) noexcept:
    if not release(value):
        return dying
    (<Value> value).gradient.next = dying
    return value


cdef Extra *extra_of(Value node) except NULL:
    if node.extra == NULL:
        node.extra = <Extra *> PyMem_RawCalloc(1, sizeof(Extra))
        if node.extra == NULL:
            raise MemoryError()
    return node.extra


cdef int replace(PyObject **slot, object new) except -1:
    cdef PyObject *old = slot[0]
    Py_INCREF(new)
    slot[0] = <PyObject *> new
    Py_XDECREF(old)
    return 0


cdef int set_label(Value node, label) except -1:
    cdef Extra *extra = extra_of(node)
    if type(label) is not str:
        own_of(node)  # it may refer to anything
    return replace(&extra.label, label)


cdef inline bint is_number(Value node, Py_ssize_t i) noexcept:
    if node.flags & MANY:
        return node.extra.is_number[i]
    return node.flags & (B_NUMBER if i else A_NUMBER) != 0


cdef inline Operand *operand(Value node, Py_ssize_t i) noexcept:
    if node.flags & MANY:
        return &node.extra.operands[i]
    return &node.b if i else &node.a


cdef inline double number_of(Value node, Py_ssize_t i) noexcept:
    if is_number(node, i):
        return operand(node, i).number
    return (<Value> operand(node, i).value).number


cdef inline int check_self(thing, missing) except -1:
    """`Value.zero_grad(1.0)`: Cython does not look at what a method is called on."""
    if not isinstance(thing, Value):
        raise not_there(thing, missing)
    return 0


cdef inline bint is_value(thing):
    """Whether `thing` is a Value, also of a subclass."""
    return type(thing) is Value or (type(thing) is not float and isinstance(thing, Value))
