# Numbers and gradients of many leaves in arrays, which Programs and optimisers work on. The Values
# get them when somebody looks: whoever reads or changes a Value calls `refresh` first, if `stale`.

cdef bint stale = False  # whether a store is newer than its Values
cdef unsigned long long writes = 0  # changes of leaves so far: a store of before must look again
cdef list waiting = []  # the stores that are newer
cdef list known_stores = []  # weak references to all of them
DEF FEWEST = 32  # leaves, below which looking for their store takes longer than they do


cdef int refresh() except -1:
    """Write back what stores hold that is newer than the Values."""
    global stale, waiting
    cdef list newer = waiting
    stale, waiting = False, []
    for store in newer:
        (<Store> store).write_back()
    return 0


cdef inline int looking() except -1:
    """Before a number or a gradient is read."""
    return refresh() if stale else 0


cdef inline int changing() except -1:
    """Before a leaf is changed from outside."""
    global writes
    if stale:
        refresh()
    writes += 1
    return 0


@cython.final
cdef class Store:
    """The numbers and gradients of some leaves, each once, in the order of `leaves`."""

    cdef object __weakref__
    cdef readonly list leaves
    cdef array numbers, gradients
    cdef list orders  # what `stored` has found out: lists of the same leaves in another order
    cdef unsigned long long seen  # `writes` when the arrays were those of the Values, or newer
    cdef bint numbers_newer, gradients_newer, arrived
    cdef readonly bint plain  # all require a gradient, and none has a hook

    def __init__(self, leaves):
        self.leaves = list(leaves)
        self.numbers = new_array("d", bytes(8 * len(self.leaves)))
        self.gradients = new_array("d", bytes(8 * len(self.leaves)))
        self.orders = []
        self.seen = writes - 1
        known_stores[:] = [known for known in known_stores if known() is not None]
        known_stores.append(weak_reference(self))

    cdef int write_back(self) except -1:
        cdef Py_ssize_t i
        cdef PyObject **items = items_of(self.leaves)
        cdef double *x = self.numbers.data.as_doubles
        cdef double *g = self.gradients.data.as_doubles
        cdef Value leaf
        if self.numbers_newer:
            for i in range(len(self.leaves)):
                (<Value> items[i]).number = x[i]
        if self.gradients_newer:
            for i in range(len(self.leaves)):
                leaf = <Value> items[i]
                leaf.gradient.grad = g[i]
                if self.arrived:
                    leaf.flags |= REACHED | ARRIVED
                else:
                    leaf.flags &= ~(REACHED | ARRIVED)
        self.numbers_newer = self.gradients_newer = False
        return 0

    cdef int look(self) except -1:
        """Take the numbers from the Values, if they may have changed."""
        cdef Py_ssize_t i
        cdef PyObject **items
        cdef double *x
        cdef double *g
        cdef Value leaf
        if self.seen == writes:
            return 0
        if stale:
            refresh()
        items = items_of(self.leaves)
        x, g = self.numbers.data.as_doubles, self.gradients.data.as_doubles
        self.plain = True
        for i in range(len(self.leaves)):
            leaf = <Value> items[i]
            x[i], g[i] = leaf.number, leaf.gradient.grad
            if not leaf.flags & REQUIRES_GRAD or has_parents(leaf) or (
                leaf.extra != NULL and leaf.extra.own != NULL
            ):
                self.plain = False
        self.seen = writes
        return 0

    cdef int newer(self) except -1:
        global stale, writes
        writes += 1  # for other stores of the same leaves
        self.seen = writes
        if self not in waiting:
            waiting.append(self)
        stale = True
        return 0

    def current_numbers(self):
        """The numbers as they are now: to be read, and not after the next call."""
        self.look()
        return self.numbers

    def current_gradients(self):
        """The gradients as they are now."""
        self.look()
        return self.gradients

    def set_numbers(self, array numbers):
        """New numbers for all leaves."""
        self.look()
        check_lengths(self.leaves, numbers)
        self.numbers = numbers
        self.numbers_newer = True
        self.newer()

    def add_gradients(self, array gradients):
        """Add to all gradients; false, and nothing done, where a Value has to be asked."""
        cdef Py_ssize_t i
        self.look()
        if not self.plain:
            return False
        check_lengths(self.leaves, gradients)
        for i in range(len(self.leaves)):
            self.gradients.data.as_doubles[i] += gradients.data.as_doubles[i]
        self.gradients_newer = self.arrived = True
        self.newer()
        return True

    def zero_gradients(self):
        """Reset all gradients; false, and nothing done, where a Value has to be asked."""
        self.look()
        if not self.plain:
            return False
        memset(self.gradients.data.as_doubles, 0, 8 * len(self.leaves))
        self.gradients_newer, self.arrived = True, False
        self.newer()
        return True


def stored(parameters):
    """The store of exactly these leaves, and the place of each in it (None: the same); or None."""
    cdef Store store
    if len(parameters) < FEWEST:
        return None
    for known in known_stores:
        found = known()
        if found is None:
            continue
        store = <Store> found
        if len(store.leaves) != len(parameters):
            continue
        if hold_the_same([(parameters, store.leaves)]):
            return store, None
        for others, places in store.orders:
            if hold_the_same([(parameters, others)]):
                if places is not None:
                    return store, places
                break
        else:
            place = {id(leaf): i for i, leaf in enumerate(store.leaves)}
            places = None
            found_at = [place.get(id(leaf)) for leaf in parameters]
            if None not in found_at and len(set(found_at)) == len(found_at):  # each leaf, once
                places = new_array("q", found_at)
            if len(store.orders) > 3:
                del store.orders[0]
            store.orders.append((list(parameters), places))
            if places is not None:
                return store, places
    return None
