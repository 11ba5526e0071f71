# Nodes of one, of two and of many operands: computed in C, or by the rule in Python.

cdef inline Value unary(int number, Value x):
    cdef Value out = new_node()
    cdef bint watching
    out.number = unary_rule(number, x.number, &out.partial_a)
    if not (isfinite(out.number) and isfinite(out.partial_a)):
        unary_in_python(out, number, x)
    read_modes()
    watching = anomaly
    set_scope(out)
    if recording or tracing:  # a trace also records what needs no gradient
        Py_INCREF(x)
        out.a.value = <PyObject *> x
        out.rule = number
        out.flags = x.flags & REQUIRES_GRAD if recording else 0
    if watching:
        watch(number, out, x, None)
    return out


cdef int unary_in_python(Value out, int number, Value x) except -1:
    out.number, out.partial_a = in_python(rules[number], (x.number,), (x,))
    return 0


cdef inline Value binary(int number, left, right):
    """The node of two operands, at least one a Value, the other a Value or a float."""
    cdef Value out = new_node()
    cdef bint left_is_value = type(left) is not float
    cdef bint right_is_value = type(right) is not float
    cdef bint watching
    cdef double x = (<Value> left).number if left_is_value else PyFloat_AS_DOUBLE(left)
    cdef double y = (<Value> right).number if right_is_value else PyFloat_AS_DOUBLE(right)
    out.number = binary_rule(number, x, y, &out.partial_a, &out.partial_b)
    # The partial by a plain number is nobody's gradient: it may be what it likes.
    if not (
        isfinite(out.number)
        and (isfinite(out.partial_a) or not left_is_value)
        and (isfinite(out.partial_b) or not right_is_value)
    ):
        binary_in_python(out, number, left, right)
    read_modes()
    watching = anomaly
    set_scope(out)
    if recording or tracing:
        out.rule = number
        if left_is_value:
            Py_INCREF(left)
            out.a.value = <PyObject *> left
            out.flags = (<Value> left).flags & REQUIRES_GRAD
        else:
            out.a.number = x
            out.flags = A_NUMBER
        if right_is_value:
            Py_INCREF(right)
            out.b.value = <PyObject *> right
            out.flags |= (<Value> right).flags & REQUIRES_GRAD
        else:
            out.b.number = y
            out.flags |= B_NUMBER
        if not recording:
            out.flags &= ~REQUIRES_GRAD
    if watching:
        watch(number, out, left, right)
    return out


cdef int binary_in_python(Value out, int number, left, right) except -1:
    x = left if type(left) is float else (<Value> left).number
    y = right if type(right) is float else (<Value> right).number
    out.number, out.partial_a, out.partial_b = in_python(rules[number], (x, y), (left, right))
    return 0


cdef Value many(rule, int number, Given *given):
    """The node of any number of operands, by the C of rule `number` or by `rule` in Python."""
    cdef Py_ssize_t i, n = given.first_count + given.second_count
    cdef Value out = new_node()
    cdef bint keeping, watching
    cdef double few[64]
    cdef double *numbers = few
    out.extra = extra_for(n)
    out.flags = MANY if n else 0
    if n > 64:
        numbers = <double *> PyMem_RawMalloc(n * sizeof(double))
        if numbers == NULL:
            raise MemoryError()
    try:
        for i in range(n):
            numbers[i] = take(out, i, item(given, i))
        if not (number and sequence_in_c(out, number, numbers, n)):
            many_in_python(rule, out, numbers, given)
    finally:
        if numbers != few:
            PyMem_RawFree(numbers)
    read_modes()
    keeping, watching = recording, anomaly
    set_scope(out)
    if number:
        out.rule = number
    else:
        replace(&out.extra.op, rule.__name__)
        out.extra.chooses = masks.get(rule, 0)
    if not keeping:
        if tracing:
            out.flags &= ~REQUIRES_GRAD
        else:
            out = detached(out)
    if watching:
        watch_many(rule, out, as_tuple(given))
    return out


def rebuilt(data, op, tuple parents, tuple partials, kind=None):
    """A node from its parts: what pickle and deepcopy restore."""
    cdef Value out = new_node()
    if len(parents) != len(partials):
        raise ValueError(f"{len(partials)} partials for {len(parents)} parents")
    out.number = data
    out.flags = REQUIRES_GRAD
    if parents:
        take_operands(out, parents, partials)
    if op:
        replace(&extra_of(out).op, op)
        out.extra.chooses = mask_of(ops.chooses(op))
    return as_kind(kind, out)


cdef Value detached(Value node):
    cdef Value leaf = new_node()
    leaf.number = node.number
    number_scope(leaf, node.scope)
    return leaf


cdef Extra *extra_for(Py_ssize_t n) except NULL:
    """An Extra with room for `n` operands behind it, in one block."""
    cdef Extra *extra = <Extra *> PyMem_RawMalloc(
        sizeof(Extra) + n * (sizeof(Operand) + sizeof(double) + 1)
    )
    if extra == NULL:
        raise MemoryError()
    memset(extra, 0, sizeof(Extra))
    extra.operands = <Operand *> (extra + 1)
    extra.partials = <double *> (extra.operands + n)
    extra.is_number = <char *> (extra.partials + n)
    return extra


cdef inline double take(Value out, Py_ssize_t i, PyObject *operand) except? -1.0:
    """Make `operand` number `i` of `out`, and return its number."""
    cdef Extra *extra = out.extra
    cdef double number
    if is_value(<object> operand):
        Py_INCREF(<object> operand)
        extra.operands[i].value = operand
        out.flags |= (<Value> operand).flags & REQUIRES_GRAD
        number = (<Value> operand).number
        extra.is_number[i] = 0
    else:
        if type(<object> operand) is float:
            number = PyFloat_AS_DOUBLE(<object> operand)
        else:
            number = as_float(<object> operand)
        extra.operands[i].number = number
        extra.is_number[i] = 1
    extra.count = i + 1
    return number


cdef int many_in_python(rule, Value out, const double *numbers, Given *given) except -1:
    cdef Py_ssize_t i, n = out.extra.count
    result = in_python(rule, tuple([numbers[i] for i in range(n)]), as_tuple(given))
    if rule not in ops.TABLE or len(result) != 1 + n:
        result = checked(rule, result, n)
        remember_by_name(rule)
    out.number = result[0]
    for i in range(n):
        out.extra.partials[i] = result[1 + i]
    return 0


cdef tuple as_tuple(Given *given):
    cdef Py_ssize_t i
    return tuple(
        [<object> item(given, i) for i in range(given.first_count + given.second_count)]
    )


cdef bint sequence_in_c(Value out, int number, const double *numbers, Py_ssize_t n) noexcept:
    out.number = sequence_rule(number, numbers, n, out.extra.partials)
    return isfinite(out.number) and all_finite(out.extra.partials, n)


cdef object in_python(rule, tuple numbers, operands):
    """What the rule itself says: infinities, nan, and errors that name the operands."""
    try:
        return rule(*numbers)
    except (ValueError, ArithmeticError) as error:
        labels = [x.label if isinstance(x, Value) else "" for x in operands or numbers]
        raise errors.refusal(rule.__name__, zip(numbers, labels), error) from None


cdef int watch(int number, Value node, left, right) except -1:
    return watch_many(rules[number], node, (left,) if right is None else (left, right))


cdef int watch_many(rule, Value node, tuple operands) except -1:
    values = [x if isinstance(x, Value) else constant(x) for x in operands]
    modes.check_forward(rule.__name__, node, values)
    return 0


cdef bint all_finite(const double *numbers, Py_ssize_t n) noexcept:
    cdef Py_ssize_t i
    for i in range(n):
        if not isfinite(numbers[i]):
            return False
    return True
