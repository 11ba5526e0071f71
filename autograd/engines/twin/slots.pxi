# A graph as operations on numbered slots: what a trace reads off it.

cdef struct Entry:
    PyObject *value
    Py_ssize_t slot

DEF INPUT = 0  # slots of each kind are counted on their own until all are known
DEF CAPTURED = 1
DEF CONSTANT = 2
DEF RESULT = 3
DEF KINDS = 4


@cython.final
@cython.auto_pickle(False)
cdef class SlotTable:
    """The slot of every Value, by its address: an open table, two thirds full at most."""

    cdef Entry *entries
    cdef size_t room, count

    def __cinit__(self, size_t expected):
        self.room = 64
        while 2 * self.room < 3 * expected:
            self.room *= 2
        self.entries = <Entry *> PyMem_RawCalloc(self.room, sizeof(Entry))
        if self.entries == NULL:
            raise MemoryError()

    def __dealloc__(self):
        PyMem_RawFree(self.entries)

    cdef Entry *find(self, PyObject *value) noexcept:
        """Its entry, or the empty one where it belongs."""
        cdef size_t at = (<size_t> value >> 4) * <size_t> 0x9E3779B97F4A7C15 & self.room - 1
        while self.entries[at].value != NULL and self.entries[at].value != value:
            at = at + 1 & self.room - 1
        return &self.entries[at]

    cdef int add(self, PyObject *value, Py_ssize_t slot) except -1:
        cdef Entry *entry
        cdef Entry *old = self.entries
        cdef size_t i, before = self.room
        if 3 * (self.count + 1) > 2 * self.room:
            self.entries = <Entry *> PyMem_RawCalloc(2 * before, sizeof(Entry))
            if self.entries == NULL:
                self.entries = old
                raise MemoryError()
            self.room = 2 * before
            for i in range(before):
                if old[i].value != NULL:
                    self.find(old[i].value)[0] = old[i]
            PyMem_RawFree(old)
        entry = self.find(value)
        if entry.value == NULL:
            self.count += 1
        entry.value, entry.slot = value, slot
        return 0


def age(Value leaf):
    """Grows from leaf to leaf as they are made; leaves that came about otherwise may be alike."""
    cdef unsigned long long place = 0 if has_parents(leaf) else <unsigned char> leaf.partial_a
    return (<unsigned long long> leaf.serial << BATCH_BITS) + place


def graph_as_slots(list roots, list inputs, unsigned int since):
    """The nodes below `roots` in order, captured leaves, constants, operands and slots of roots.

    As `_graph_as_slots` of `programs/recording.py`, which says what is what.
    """
    cdef Nodes order = Nodes(NULL, 0, 0)
    cdef Py_ssize_t i
    cdef list nodes
    cdef Value root
    try:
        for root in roots:
            sort(root, since, &order, NULL)  # what was visited stays out
        forget(&order)
        nodes = [<Value> order.items[i] for i in range(order.count)]
    finally:
        PyMem_RawFree(order.items)
    return numbered(nodes, roots, inputs, since)


cdef tuple numbered(list nodes, list roots, list inputs, unsigned int since):
    cdef SlotTable table = SlotTable(2 * (len(nodes) + len(inputs)))
    cdef list captured = [], constants = [], results = []
    cdef dict constant_of = {}
    cdef Py_ssize_t i, n
    cdef Value node
    for i, node in enumerate(inputs):
        table.add(<PyObject *> node, KINDS * i + INPUT)
    for node in nodes:
        if has_parents(node) and table.find(<PyObject *> node).value == NULL:
            table.add(<PyObject *> node, KINDS * len(results) + RESULT)
            results.append(node)
    for node in results:
        for i in range(operand_count(node)):
            if is_number(node, i):
                constant_at(operand(node, i).number, constants, constant_of)
            else:
                take_outside(
                    <Value> operand(node, i).value, table, captured, constants, constant_of, since
                )
    for node in roots:
        take_outside(node, table, captured, constants, constant_of, since)
    captured.sort(key=age)  # so parameters mostly lie side by side
    for i, node in enumerate(captured):
        table.add(<PyObject *> node, KINDS * i + CAPTURED)
    cdef Py_ssize_t start[KINDS]
    start[INPUT], start[CAPTURED] = 0, len(inputs)
    start[CONSTANT] = start[CAPTURED] + len(captured)
    start[RESULT] = start[CONSTANT] + len(constants)
    cdef list slots = list(range(start[RESULT] + len(results)))  # one object for each
    cdef list operands = []
    cdef tuple own
    for node in results:
        n = operand_count(node)
        own = PyTuple_New(n)
        for i in range(n):
            if is_number(node, i):
                at = constant_at(operand(node, i).number, constants, constant_of)
                slot = slots[start[CONSTANT] + at]
            else:
                slot = slots[final_slot(table, operand(node, i).value, start)]
            Py_INCREF(slot)
            PyTuple_SET_ITEM(own, i, slot)
        operands.append(own)
    found = [final_slot(table, <PyObject *> node, start) for node in roots]
    return results, captured, constants, operands, found


cdef inline Py_ssize_t final_slot(SlotTable table, PyObject *value, Py_ssize_t *start) noexcept:
    cdef Py_ssize_t slot = table.find(value).slot
    return start[slot % KINDS] + slot // KINDS


cdef Py_ssize_t constant_at(double number, list constants, dict known) except -1:
    """The place of a constant among others; numbers of the same bits are one."""
    cdef unsigned long long bits
    memcpy(&bits, &number, 8)
    found = known.get(bits)
    if found is None:
        found = known[bits] = len(constants)
        constants.append(number)
    return found


cdef int take_outside(
    Value leaf, SlotTable table, list captured, list constants, dict known, unsigned int since
) except -1:
    """A slot for a Value without one: it is captured, or a constant."""
    if table.find(<PyObject *> leaf).value != NULL:
        return 0
    if leaf.serial < since or (
        not since and leaf.flags & REQUIRES_GRAD and not has_parents(leaf)
    ):
        table.add(<PyObject *> leaf, CAPTURED)
        captured.append(leaf)
        return 0
    at = constant_at(leaf.number, constants, known)
    return table.add(<PyObject *> leaf, KINDS * at + CONSTANT)
