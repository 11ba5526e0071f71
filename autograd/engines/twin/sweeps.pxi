# Reverse and forward sweeps for the transforms, as in `engines/sweeps.py`. They stay among the nodes
# that may depend on `inputs`: what was made before the first of these does not. While Python cannot
# run, VISITED says which nodes those are.

cdef struct Before:
    double grad
    unsigned char flags


cdef unsigned char OF_SWEEPS = REQUIRES_GRAD | REACHED | MOVED | ARRIVED


cdef Before *remember(Nodes *nodes) except NULL:
    """What `nodes` hold in `gradient` and `flags`, to be put back after the sweep."""
    cdef Py_ssize_t i
    cdef Before *before = <Before *> PyMem_RawMalloc((nodes.count + 1) * sizeof(Before))
    if before == NULL:
        raise MemoryError()
    for i in range(nodes.count):
        before[i] = Before(
            (<Value> nodes.items[i]).gradient.grad, (<Value> nodes.items[i]).flags
        )
    return before


cdef void put_back(Nodes *nodes, Before *before) noexcept:
    # From the end: an input that was noted twice gets back what it held first.
    cdef Py_ssize_t i
    forget(nodes)
    if before != NULL:
        for i in range(nodes.count - 1, -1, -1):
            (<Value> nodes.items[i]).gradient.grad = before[i].grad
            # Operands may have become Values meanwhile: those flags stay as they are.
            (<Value> nodes.items[i]).flags = (
                (<Value> nodes.items[i]).flags & ~OF_SWEEPS | before[i].flags & OF_SWEEPS
            )
        PyMem_RawFree(before)


cdef Before *begin_sweep(Value root, list inputs, Nodes *nodes, bint down=False) except NULL:
    """Fill `nodes`: what of the graph below `root` may depend on `inputs`, then `inputs` again.

    All start from zero, and `inputs` require a gradient; the result is for `put_back`.
    A sweep that only goes `down` passes nothing to sides not taken.
    """
    cdef Py_ssize_t i
    cdef Before *before
    cdef unsigned int since = <unsigned int> -1
    for leaf in inputs:
        if not isinstance(leaf, Value):
            raise TypeError(f"inputs are Values, got {leaf!r}")
        since = min(since, (<Value> leaf).serial)
    sort(root, since, nodes, NULL)
    try:
        check_no_node_by_hand(nodes, root, down)
        for leaf in inputs:
            push(nodes, <PyObject *> leaf)
        before = remember(nodes)
    except:
        forget(nodes)
        raise
    for i in range(nodes.count):
        (<Value> nodes.items[i]).gradient.grad = 0.0
        (<Value> nodes.items[i]).flags &= ~ARRIVED
    for leaf in inputs:
        (<Value> leaf).flags |= REQUIRES_GRAD
    return before


cdef int check_no_node_by_hand(Nodes *nodes, Value root, bint down) except -1:
    cdef Py_ssize_t i
    cdef bint suspicious = False
    for i in range(nodes.count):
        suspicious = suspicious or runs_python(<Value> nodes.items[i])
    if not suspicious:
        return 0
    forget(nodes)  # Python runs now
    reached = {id(root)}
    for i in range(nodes.count - 1, -1, -1):
        node = <Value> nodes.items[i]
        if node.requires_grad and (not down or id(node) in reached):
            if passes_by_hand(node):
                made_by_hand.check_seen_through([node], "a sweep of a transform")
            reached.update(ids_of_taken(node))
    for i in range(nodes.count):
        (<Value> nodes.items[i]).flags |= VISITED
    return 0


cdef list ids_of_taken(Value node):
    cdef Py_ssize_t i
    return [
        id(<Value> operand(node, i).value)
        for i in range(operand_count(node))
        if not is_number(node, i) and passes(node, i)
    ]


def reverse_sweep(Value root not None, double upstream, list inputs not None):
    cdef Nodes nodes = Nodes(NULL, 0, 0)
    cdef Before *before = NULL
    cdef Py_ssize_t i
    cdef list found = list(inputs)  # made here, as the garbage collector may run Python
    try:
        before = begin_sweep(root, inputs, &nodes, True)
        if root.flags & VISITED:
            root.gradient.grad = upstream
            root.flags |= ARRIVED
        for i in range(nodes.count - len(inputs) - 1, -1, -1):
            if (<Value> nodes.items[i]).flags & REQUIRES_GRAD:
                pass_on_inside(<Value> nodes.items[i])
        for i in range(len(inputs)):
            found[i] = (<Value> inputs[i]).gradient.grad
        return found
    finally:
        put_back(&nodes, before)
        PyMem_RawFree(nodes.items)


cdef inline void pass_on_inside(Value node) noexcept:
    """`pass_on` to the parents that the sweep visits."""
    cdef double upstream = node.gradient.grad
    cdef Py_ssize_t i
    if not node.flags & ARRIVED:
        return
    for i in range(operand_count(node)):
        if not is_number(node, i) and passes(node, i):
            if (<Value> operand(node, i).value).flags & VISITED:
                accumulate(<Value> operand(node, i).value, upstream * partial(node, i))


def uses_others(Value root not None, list inputs not None, since=0):
    cdef Nodes nodes = Nodes(NULL, 0, 0)
    cdef Nodes own = Nodes(NULL, 0, 0)
    cdef Before *before = NULL
    cdef Py_ssize_t i
    cdef unsigned int first = since
    try:
        for leaf in inputs:
            push(&own, <PyObject *> <Value?> leaf)
        before = remember(&own)
        for leaf in inputs:
            (<Value> leaf).flags &= ~REQUIRES_GRAD
        sort(root, first, &nodes, NULL)
        if nodes.count == 0:  # the root was made before
            return root.flags & REQUIRES_GRAD != 0
        for i in range(nodes.count):
            if is_other(<Value> nodes.items[i]):
                return True
        return False
    finally:
        forget(&nodes)
        put_back(&own, before)
        PyMem_RawFree(own.items)
        PyMem_RawFree(nodes.items)


cdef bint is_other(Value node) noexcept:
    """Whether a visited node is a leaf that requires a gradient, or a parent made before is."""
    cdef Py_ssize_t i
    cdef Value above
    if not has_parents(node):
        return node.flags & REQUIRES_GRAD != 0
    for i in range(operand_count(node)):
        if not is_number(node, i):
            above = <Value> operand(node, i).value
            if above.flags & (VISITED | REQUIRES_GRAD) == REQUIRES_GRAD:
                return True
    return False


def depends_on(Value root not None, list inputs not None):
    cdef Nodes nodes = Nodes(NULL, 0, 0)
    cdef Before *before = NULL
    cdef Py_ssize_t i
    cdef list found = list(inputs)
    try:
        before = begin_sweep(root, inputs, &nodes)
        for i in range(len(inputs)):
            found[i] = (<Value> inputs[i]).flags & VISITED != 0
        return found
    finally:
        put_back(&nodes, before)
        PyMem_RawFree(nodes.items)


def forward_sweep(Value root not None, list inputs not None, tangents, outputs):
    cdef Nodes nodes = Nodes(NULL, 0, 0)
    cdef Before *before = NULL
    cdef Py_ssize_t i
    cdef list found = list(outputs)
    moving = numbers_of(inputs, tangents)
    try:
        before = begin_sweep(root, inputs, &nodes)
        forward(&nodes, inputs, moving)
        for i in range(len(found)):
            if is_value(found[i]) and (<Value> found[i]).flags & (VISITED | MOVED):
                found[i] = (<Value> found[i]).gradient.grad
            else:
                found[i] = 0.0
        return found
    finally:
        put_back(&nodes, before)
        PyMem_RawFree(nodes.items)


cdef list numbers_of(list inputs, tangents):
    pairs = zip(inputs, tangents, strict=True)
    return [tangent if type(tangent) is float else as_float(tangent) for _, tangent in pairs]


cdef int forward(Nodes *nodes, list inputs, list tangents) except -1:
    """Put the tangent of every node into its `gradient`."""
    cdef Py_ssize_t i
    cdef Value node
    for i in range(len(inputs)):
        node = inputs[i]
        node.gradient.grad = tangents[i]
        node.flags |= MOVED
        set_flag(node, ARRIVED, node.gradient.grad != 0.0)
        if node.gradient.grad == 0.0:
            node.gradient.grad = 0.0  # and not -0.0: it is at rest
    for i in range(nodes.count - len(inputs)):
        node = <Value> nodes.items[i]
        if node.flags & REQUIRES_GRAD and not node.flags & MOVED:
            find_tangent(node)
    return 0


cdef inline void find_tangent(Value node) noexcept:
    """The sum of partial times tangent over the parents; one that does not move is left out."""
    cdef Py_ssize_t i
    for i in range(operand_count(node)):
        if not is_number(node, i) and passes(node, i):
            if (<Value> operand(node, i).value).flags & (ARRIVED | VISITED) == ARRIVED | VISITED:
                node.gradient.grad += (
                    partial(node, i) * (<Value> operand(node, i).value).gradient.grad
                )
                node.flags |= ARRIVED
