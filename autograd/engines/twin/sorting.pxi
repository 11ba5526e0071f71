# The order in which sweeps go through a graph. Iterative: a graph is as deep as it likes.

cdef struct Nodes:
    PyObject **items  # borrowed: the root holds them all
    Py_ssize_t count, room

cdef struct Sum:
    PyObject *leaf  # borrowed
    double before

cdef struct Sums:
    Sum *items
    Py_ssize_t count, room

cdef Py_ssize_t sorted_so_far = 0
DEF PREFETCH = 2560  # bytes


cdef inline int push(Nodes *nodes, PyObject *item) except -1:
    cdef PyObject **items
    if nodes.count == nodes.room:
        nodes.room = 2 * nodes.room if nodes.room else 256
        items = <PyObject **> PyMem_RawRealloc(nodes.items, nodes.room * sizeof(PyObject *))
        if items == NULL:
            raise MemoryError()
        nodes.items = items
    nodes.items[nodes.count] = item
    nodes.count += 1
    return 0


# The memory of the last order and stack is kept for the next ones (fetching it anew costs a large
# graph half of its backward pass), until it is far too large for what is sorted.
cdef Nodes spare_order = Nodes(NULL, 0, 0)
cdef Nodes spare_stack = Nodes(NULL, 0, 0)


cdef Nodes borrowed(Nodes *spare) noexcept:
    cdef Nodes nodes = spare[0]
    nodes.count = 0
    spare[0] = Nodes(NULL, 0, 0)
    return nodes


cdef void give_back(Nodes *nodes, Nodes *spare, Py_ssize_t needed) noexcept:
    if spare.items == NULL and nodes.room <= 4096 + 16 * needed:
        spare[0] = nodes[0]
    else:
        PyMem_RawFree(nodes.items)


cdef int sort(Value root, unsigned int since, Nodes *order, Sums *sums) except -1:
    """Fill `order`, parents before children. On the stack, a set low bit says: parents are done.

    What has a serial below `since` is left out. All in `order` are VISITED afterwards: whoever
    sorts has to `forget` that before Python runs again. With `sums`, what requires a gradient is
    marked as reached and starts from zero; what leaves had summed up before goes into `sums`.
    """
    global sorted_so_far
    cdef Nodes stack = borrowed(&spare_stack)
    cdef PyObject *top
    if stale:
        refresh()
    begin_batch()
    try:
        push_unvisited(&stack, <PyObject *> root, since)
        while stack.count:
            stack.count -= 1
            top = stack.items[stack.count]
            if <uintptr_t> top & 1:
                push(order, <PyObject *> (<uintptr_t> top & ~<uintptr_t> 1))
            elif not (<Value> top).flags & VISITED:
                visit(<Value> top, since, &stack, order, sums)
    except:
        forget(&stack)
        forget(order)
        raise
    finally:
        sorted_so_far += order.count
        give_back(&stack, &spare_stack, order.count)
    return 0


cdef void forget(Nodes *order) noexcept:
    """That a sort visited these nodes."""
    cdef Py_ssize_t i
    for i in range(order.count):
        (<Value> (<PyObject *> (<uintptr_t> order.items[i] & ~<uintptr_t> 1))).flags &= ~VISITED


def nodes_sorted():
    """How many nodes all sorts together have visited: what sweeps cost, for tests."""
    return sorted_so_far


cdef inline int visit(
    Value node, unsigned int since, Nodes *stack, Nodes *order, Sums *sums
) except -1:
    cdef bint inner = has_parents(node)
    cdef unsigned char flags = node.flags | VISITED
    # Parents were usually made just before their children, so they lie just below in memory.
    prefetch(<char *> <PyObject *> node - PREFETCH)
    if inner:
        push(stack, <PyObject *> (<uintptr_t> <PyObject *> node | 1))
    else:
        push(order, <PyObject *> node)
    if sums != NULL and flags & REQUIRES_GRAD:
        flags = flags & ~ARRIVED | REACHED
        if not inner and node.gradient.grad != 0.0:
            keep(sums, node)
        node.gradient.grad = 0.0
    node.flags = flags
    return push_parents(stack, node, since) if inner else 0


cdef int keep(Sums *sums, Value leaf) except -1:
    cdef Sum *items
    if sums.count == sums.room:
        sums.room = 2 * sums.room if sums.room else 64
        items = <Sum *> PyMem_RawRealloc(sums.items, sums.room * sizeof(Sum))
        if items == NULL:
            raise MemoryError()
        sums.items = items
    sums.items[sums.count] = Sum(<PyObject *> leaf, leaf.gradient.grad)
    sums.count += 1
    return 0


cdef inline int push_parents(Nodes *stack, Value node, unsigned int since) except -1:
    """The first parent ends on top. Parents already visited stay out."""
    cdef Py_ssize_t i
    if node.flags & MANY:
        for i in range(node.extra.count - 1, -1, -1):
            if not node.extra.is_number[i]:
                push_unvisited(stack, node.extra.operands[i].value, since)
        return 0
    if not node.flags & B_NUMBER and node.b.value != NULL:
        push_unvisited(stack, node.b.value, since)
    if not node.flags & A_NUMBER and node.a.value != NULL:
        push_unvisited(stack, node.a.value, since)
    return 0


cdef inline int push_unvisited(Nodes *stack, PyObject *node, unsigned int since) except -1:
    if not (<Value> node).flags & VISITED and (<Value> node).serial >= since:
        push(stack, node)
    return 0


def topological_order(root, since=0):
    cdef Nodes order = Nodes(NULL, 0, 0)
    if not isinstance(root, Value):
        raise TypeError(f"topological_order takes a Value, got {type(root).__name__}")
    try:
        nodes = sorted_nodes(root, since, &order)
        if materialise(nodes):  # numbers became constants: sort again, with them
            order.count = 0
            nodes = sorted_nodes(root, since, &order)
    finally:
        PyMem_RawFree(order.items)
    return nodes


cdef list sorted_nodes(Value root, unsigned int since, Nodes *order):
    cdef Py_ssize_t i
    sort(root, since, order, NULL)
    forget(order)
    return [<Value> order.items[i] for i in range(order.count)]


cdef bint materialise(list nodes) except -1:
    """Make the numbers among the operands of `nodes` constants; whether there were any."""
    cdef Value node
    cdef Py_ssize_t i
    cdef bint any_number = False
    for node in nodes:
        if node.flags & (A_NUMBER | B_NUMBER):
            any_number = True
        elif node.flags & MANY:
            for i in range(node.extra.count):
                any_number = any_number or node.extra.is_number[i]
        for i in range(operand_count(node)):
            parent(node, i)
    return any_number
