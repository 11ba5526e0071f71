# How a node comes to be and goes: its memory, and the serial number that says how old it is.
#
# Cython's own __dealloc__ saves and restores the exception state around itself, which costs as
# much as all the rest; so the type gets `free_node`, and nodes come from a list of freed ones.

DEF MOST_FREE = 65536
cdef PyObject *free_nodes[MOST_FREE]
cdef int free_count = 0


cdef inline Value new_node():
    """A leaf that requires no gradient; its number and partials are still to be set."""
    global free_count
    cdef Value node
    if stale:
        refresh()
    if free_count == 0:
        node = Value.__new__(Value)
        node.serial = serial_of_next()
        return node
    free_count -= 1
    node = revived(free_nodes[free_count])
    node.gradient.grad = 0.0
    node.a.value = node.b.value = NULL
    node.extra = NULL
    node.partial_a = 0.0
    node.serial = serial_of_next()
    node.scope_number = node.rule = node.flags = 0
    return node


# A node has room for 32 bits of its serial number. So up to 256 nodes share one, but never across
# a sort or a call of `next_serial`: what was made before those has a smaller one. After 4 billion
# batches every new node gets the greatest: sweeps then go further down than they need to.
DEF BATCH_BITS = 8
cdef unsigned long long made_so_far = 1 << BATCH_BITS  # 0: not numbered yet
cdef unsigned long long MOST_MADE = (1ull << (32 + BATCH_BITS)) - 1


cdef inline unsigned int serial_of_next() noexcept:
    global made_so_far
    if made_so_far < MOST_MADE:
        made_so_far += 1
    return <unsigned int> (made_so_far >> BATCH_BITS)


cdef inline double place_in_batch() noexcept:
    """Tells apart what was made last with the same serial; a leaf keeps it as its `partial_a`."""
    return <double> (made_so_far & ((1 << BATCH_BITS) - 1))


def next_serial(Py_ssize_t batches=1):
    """A number greater than all serials given so far; tests can ask for one that is far ahead."""
    global made_so_far
    made_so_far = min(MOST_MADE, made_so_far + (<unsigned long long> (batches - 1) << BATCH_BITS))
    return begin_batch()


cdef unsigned int begin_batch() noexcept:
    global made_so_far
    made_so_far = min(MOST_MADE, (made_so_far | ((1 << BATCH_BITS) - 1)) + 1)
    return <unsigned int> (made_so_far >> BATCH_BITS)


cdef void free_node(PyObject *node) noexcept:
    # Iterative: dropping the last reference to a long chain must not recurse. A parent that
    # would die joins the list of the dying, and gives up its own parents before it goes.
    cdef PyObject *dying = node
    cdef PyObject *first = node
    global free_count
    (<Value> node).gradient.next = NULL
    while dying != NULL:
        node = dying
        dying = (<Value> node).gradient.next
        if node.ob_type != type_of_values and node != first:
            postpone(node)  # Python frees it, and calls this function for what is below it
            continue
        dying = drop_operands(<Value> node, dying)
        if (<Value> node).extra != NULL:
            free_extra((<Value> node).extra)
        if node.ob_type != type_of_values:
            free_memory(node)
        elif free_count < MOST_FREE:
            free_nodes[free_count] = node
            free_count += 1
        else:
            PyObject_Free(node)
    free_postponed()


# Those of subclasses whose last reference is ours to give up. One after the other, not one inside
# the other: a long chain must not recurse.
cdef PyObject *postponed = NULL
cdef bint freeing_postponed = False


cdef void postpone(PyObject *node) noexcept:
    global postponed
    (<Value> node).gradient.next = postponed
    postponed = node


cdef void free_postponed() noexcept:
    global postponed, freeing_postponed
    cdef PyObject *node
    if postponed == NULL or freeing_postponed:
        return
    freeing_postponed = True
    while postponed != NULL:
        node = postponed
        postponed = (<Value> node).gradient.next
        (<Value> node).gradient.grad = 0.0
        Py_XDECREF(node)
    freeing_postponed = False


cdef void free_extra(Extra *extra) noexcept:
    Py_XDECREF(extra.label)
    Py_XDECREF(extra.op)
    Py_XDECREF(extra.scope)
    Py_XDECREF(extra.made_at)
    if extra.own != NULL:
        free_own(extra.own)
    PyMem_RawFree(extra)
