# Forward over reverse: the gradient and its change along tangents, as in `engines/sweeps.py`.

cdef struct Second:
    double tangent
    double upstream
    double change  # of the upstream gradient
    char moves, arrived, changes  # whether there is a tangent, an upstream gradient, a change


def second_sweep(Value root not None, list inputs not None, tangents):
    # Python may run below, and with it other sweeps: so nothing stays in the nodes meanwhile.
    cdef Nodes nodes = Nodes(NULL, 0, 0)
    cdef Before *before = NULL
    cdef Second *seconds = NULL
    cdef Py_ssize_t *places = NULL
    cdef Py_ssize_t i, count, here
    cdef list own = list(inputs)
    moving = numbers_of(inputs, tangents)
    try:
        try:
            before = begin_sweep(root, inputs, &nodes)
            count = nodes.count - len(inputs)
            forward(&nodes, inputs, moving)
            seconds = <Second *> PyMem_RawMalloc((nodes.count + 1) * sizeof(Second))
            if seconds == NULL:
                raise MemoryError()
            for i in range(nodes.count):
                seconds[i] = Second((<Value> nodes.items[i]).gradient.grad, 0.0, 0.0, 0, 0, 0)
                seconds[i].moves = (<Value> nodes.items[i]).flags & ARRIVED
            for i in range(nodes.count - 1, -1, -1):
                (<Value> nodes.items[i]).gradient.grad = i
            places = places_of_parents(&nodes, count, &here)
            for i in range(len(inputs)):
                own[i] = <Py_ssize_t> (<Value> inputs[i]).gradient.grad
            if count:  # else the root was made before
                seconds[count - 1].upstream, seconds[count - 1].arrived = 1.0, 1
        finally:
            put_back(&nodes, before)
        for i in range(count - 1, -1, -1):
            here -= operand_count(<Value> nodes.items[i])
            if seconds[i].arrived:
                second_of(<Value> nodes.items[i], &seconds[i], places + here, seconds)
        return [seconds[i].upstream for i in own], [seconds[i].change for i in own]
    finally:
        PyMem_RawFree(nodes.items)
        PyMem_RawFree(seconds)
        PyMem_RawFree(places)


cdef Py_ssize_t *places_of_parents(
    Nodes *nodes, Py_ssize_t count, Py_ssize_t *total
) except NULL:
    """Where the operands of all nodes are, while `gradient` says so; -1 where none is wanted."""
    cdef Py_ssize_t i, j
    cdef Py_ssize_t *places
    cdef Value node
    total[0] = 0
    for i in range(count):
        total[0] += operand_count(<Value> nodes.items[i])
    places = <Py_ssize_t *> PyMem_RawMalloc((total[0] + 1) * sizeof(Py_ssize_t))
    if places == NULL:
        raise MemoryError()
    total[0] = 0
    for i in range(count):
        node = <Value> nodes.items[i]
        for j in range(operand_count(node)):
            places[total[0]] = place_of_parent(node, j)
            total[0] += 1
    return places


cdef inline Py_ssize_t place_of_parent(Value node, Py_ssize_t i) noexcept:
    cdef unsigned char wanted = VISITED | REQUIRES_GRAD
    if not node.flags & REQUIRES_GRAD or is_number(node, i):
        return -1
    if (<Value> operand(node, i).value).flags & wanted != wanted:
        return -1
    return <Py_ssize_t> (<Value> operand(node, i).value).gradient.grad


cdef int second_of(
    Value node, Second *above, const Py_ssize_t *places, Second *seconds
) except -1:
    """Pass the gradient of `node` and its change on to the parents."""
    cdef Py_ssize_t i, n = operand_count(node)
    # Tangents, changes, numbers, whether a partial changes at all, and room to find that out.
    cdef double few[320]
    cdef double *tangents = few
    cdef double *changes
    cdef Second *below
    cdef bint moving = False
    if n > 64:
        tangents = <double *> PyMem_RawMalloc(5 * n * sizeof(double))
        if tangents == NULL:
            raise MemoryError()
    changes = tangents + n
    try:
        for i in range(n):
            tangents[i] = seconds[places[i]].tangent if places[i] >= 0 else 0.0
            changes[2 * n + i] = 0.0
            moving = moving or (places[i] >= 0 and seconds[places[i]].moves)
        if n and (moving or above.changes):
            changes_of_partials(node, n, places, seconds, tangents, changes, moving)
        for i in range(n):
            if places[i] >= 0 and passes(node, i):
                below = &seconds[places[i]]
                below.upstream += above.upstream * partial(node, i)
                below.arrived = 1
                if above.changes:  # where nothing changes, an infinite partial is no matter
                    below.change += above.change * partial(node, i)
                    below.changes = 1
                if changes[2 * n + i] != 0.0:
                    below.change += above.upstream * changes[i]
                    below.changes = 1
    finally:
        if tangents != few:
            PyMem_RawFree(tangents)
    return 0


cdef int changes_of_partials(
    Value node,
    Py_ssize_t n,
    const Py_ssize_t *places,
    Second *seconds,
    double *tangents,
    double *changes,
    bint moving,
) except -1:
    """How fast the partials of `node` change along `tangents`, and which of them do."""
    cdef Py_ssize_t i
    cdef double *numbers = changes + n
    cdef double *any_change = changes + 2 * n
    cdef bint known
    for i in range(n):
        numbers[i] = number_of(node, i)
    if node.rule and not (kinked_rules[node.rule] and may_be_at_kink(node)):
        if not moving:
            return 0
        if node.flags & MANY:
            known = changes_of_many(node, n, places, seconds, tangents, changes, numbers)
        else:
            known = changes_of_few(node, n, places, seconds, tangents, changes, numbers)
        if known and all_finite(changes, n):
            return 0
    from autograd.calculus import tangents as second
    from autograd.support.provenance import rule_of

    found = second.changes_of_partials(
        rule_of(node),
        [numbers[i] for i in range(n)],
        [tangents[i] if places[i] >= 0 and seconds[places[i]].moves else None for i in range(n)],
    )
    for i in range(n):
        any_change[i] = found[i] is not None
        changes[i] = found[i] or 0.0
    return 0


cdef inline bint moves(const Py_ssize_t *places, Second *seconds, Py_ssize_t i) noexcept:
    return places[i] >= 0 and seconds[places[i]].moves


cdef bint may_be_at_kink(Value node) noexcept:
    """False where a rule with a kink is surely not at it: calculus/tangents.py looks more closely."""
    cdef Py_ssize_t i
    cdef bint found = node.number == 0.0
    for i in range(operand_count(node)):
        found = found or partial(node, i) != partial(node, i)
        found = found or (choosing_rules[node.rule] and 0.0 < partial(node, i) < 1.0)
    return found


cdef bint changes_of_many(
    Value node,
    Py_ssize_t n,
    const Py_ssize_t *places,
    Second *seconds,
    const double *tangents,
    double *changes,
    const double *numbers,
) noexcept:
    """The changes of the partials of a sequence, and which may change; false where there is no C.

    As in calculus/tangents.py: what an operand moves, it makes nan by moving so.
    """
    cdef Py_ssize_t i, half = n // 2
    cdef double *any_change = changes + 2 * n
    cdef double *probe = changes + 3 * n
    cdef bint finds_zero = False
    cdef int known = sequence_tangent(node.rule, numbers, tangents, n, changes)
    if known != 1:
        return known == 2  # they are fixed
    for i in range(n):
        any_change[i] = 1.0
        finds_zero = finds_zero or changes[i] == 0.0
    if node.rule == RULE_dot:
        for i in range(n):
            any_change[i] = moves(places, seconds, i + half if i < half else i - half)
    elif finds_zero:
        for i in range(n):
            probe[i] = NAN if moves(places, seconds, i) else 0.0
        sequence_tangent(node.rule, numbers, probe, n, any_change)
        for i in range(n):
            any_change[i] = any_change[i] != any_change[i]
    return True


cdef bint changes_of_few(
    Value node,
    Py_ssize_t n,
    const Py_ssize_t *places,
    Second *seconds,
    const double *tangents,
    double *changes,
    const double *numbers,
) noexcept:
    """The same for one or two operands."""
    cdef Py_ssize_t i, j
    cdef double by[2]
    cdef double *any_change = changes + 2 * n
    cdef int how
    for i in range(n):
        how = derived_rules[node.rule][i]
        changes[i] = any_change[i] = 0.0
        if how == NUMBER or is_number(node, i):
            continue
        if how == OPERAND_A or how == OPERAND_B:
            j = 0 if how == OPERAND_A else 1
            changes[i], any_change[i] = tangents[j], moves(places, seconds, j)
            continue
        if how == 0:
            return False
        if how == ITSELF:
            how = node.rule
            by[0], by[1] = node.partial_a, node.partial_b
        elif n == 1:
            unary_rule(how, numbers[0], &by[0])
        else:
            binary_rule(how, numbers[0], numbers[1], &by[0], &by[1])
        for j in range(n):
            if moves(places, seconds, j) and not (by[j] == 0.0 and choosing_rules[how] >> j & 1):
                changes[i] += by[j] * tangents[j]
                any_change[i] = 1.0
    return True
