# Where gradients accumulate.

cdef inline void pass_on(Value node) noexcept:
    """Pass a node's gradient on to its parents: the chain rule, one step."""
    cdef double upstream = node.gradient.grad
    if node.flags & MANY or choosing_rules[node.rule]:
        pass_on_by_choice(node)
        return
    if not node.flags & A_NUMBER and node.a.value != NULL:
        accumulate(<Value> node.a.value, upstream * node.partial_a)
    if not node.flags & B_NUMBER and node.b.value != NULL:
        accumulate(<Value> node.b.value, upstream * node.partial_b)


cdef void pass_on_by_choice(Value node) noexcept:
    """The same for any number of operands; nothing passes to those that were not taken."""
    cdef double upstream = node.gradient.grad
    cdef unsigned char chooses = choices_of(node)
    cdef Py_ssize_t i
    for i in range(operand_count(node)):
        if not is_number(node, i) and (not chooses or passes(node, i)):
            accumulate(<Value> operand(node, i).value, upstream * partial(node, i))


cdef inline unsigned char choices_of(Value node) noexcept:
    if node.flags & MANY and not node.rule:
        return node.extra.chooses
    return choosing_rules[node.rule]


cdef inline bint passes(Value node, Py_ssize_t i) noexcept:
    """Whether a gradient passes over the edge to operand `i`: not to one that was not taken."""
    return partial(node, i) != 0.0 or not choices_of(node) >> (i if i < 7 else 7) & 1


cdef inline void accumulate(Value parent, double contribution) noexcept:
    """The one place where gradients accumulate."""
    if parent.flags & REQUIRES_GRAD:
        parent.gradient.grad += contribution
        parent.flags |= ARRIVED


cdef int pass_on_once(Value node) except -1:
    if not node.flags & ARRIVED:
        return 0
    if node.extra != NULL and node.extra.op != NULL and type(<object> node.extra.op) is Unknown:
        made_by_hand.refuse_unknown(node)
    pass_on(node)
    return 0


cdef int run_backward(Value root, double upstream) except -1:
    cdef Nodes order = borrowed(&spare_order)
    cdef Sums sums = Sums(NULL, 0, 0)
    cdef Py_ssize_t i
    cdef PyObject **items
    cdef unsigned char flags
    cdef bint watching = anomaly
    cdef bint by_hand = False  # whether one has been met
    cdef bint replaced = not is_engines_own_step()
    cdef bint forgotten = False
    try:
        sort(root, 0, &order, &sums)
        root.gradient.grad = upstream
        items = order.items
        root.flags |= ARRIVED
        for i in range(order.count - 1, -1, -1):
            flags = (<Value> items[i]).flags
            (<Value> items[i]).flags = flags & ~VISITED
            if (<Value> items[i]).extra == NULL and not (watching or by_hand or replaced):
                if flags & (REQUIRES_GRAD | ARRIVED) == REQUIRES_GRAD | ARRIVED:  # most of them
                    pass_on(<Value> items[i])
            elif flags & REQUIRES_GRAD:
                if watching or replaced or runs_python(<Value> items[i]):
                    if not forgotten:
                        forget(&order)  # Python runs now, and may sort
                        forgotten = True
                    run_hooks(<Value> items[i])
                    changing()  # Python may have worked on a store
                    if watching:
                        modes.check_backward(<Value> items[i])
                if by_hand:  # it may have set `grad` of what comes after it
                    (<Value> items[i]).flags |= REACHED
                if replaced or (
                    (<Value> items[i]).extra != NULL and passes_by_hand(<Value> items[i])
                ):
                    by_hand = True
                    step = own_attribute(<Value> items[i], "_backward")
                    if step is None:  # else it wins over what was put on the class
                        step = (<Value> items[i])._backward
                    if step is None:
                        Value._backward(<Value> items[i])
                    else:
                        step()
                    changing()
                    if watching and passes_by_hand(<Value> items[i]):
                        modes.check_passed_by_hand(<Value> items[i])
                elif (<Value> items[i]).flags & ARRIVED:
                    pass_on(<Value> items[i])
    finally:
        changing()
        for i in range(sums.count):
            (<Value> sums.items[i].leaf).gradient.grad += sums.items[i].before
        PyMem_RawFree(sums.items)
        give_back(&order, &spare_order, order.count)
    return 0


cdef inline bint has_hooks(Value node) noexcept:
    return node.extra != NULL and node.extra.own != NULL and node.extra.own.hooks != NULL


cdef inline bint runs_python(Value node) noexcept:
    """Whether backward may leave C at this node: hooks, a node made by hand, a subclass."""
    cdef Extra *extra = node.extra
    if extra == NULL:
        return False
    return extra.own != NULL or (extra.op != NULL and type(<object> extra.op) is Unknown)


cdef int run_hooks(Value node) except -1:
    if has_hooks(node):
        node.gradient.grad = as_float(hooks.run(node, node.gradient.grad))
        if node.gradient.grad != 0.0:
            node.flags |= ARRIVED
    return 0


def zero_grad(values):
    if tracing:
        values = list(values)
        if values:
            traces.refuse_change("zero_grad()")
    if isinstance(values, list):
        found = stored(values)
        if found is not None and found[0].zero_gradients(values, found[1]):
            return
    changing()
    for node in values:
        if type(node) is Value:
            (<Value> node).gradient.grad = 0.0
            (<Value> node).flags &= ~(REACHED | ARRIVED)
        else:
            node.zero_grad()
