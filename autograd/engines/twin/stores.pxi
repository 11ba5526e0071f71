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
    cdef list known_parts  # what `stored` has found out: lists of leaves, and how they lie here
    cdef unsigned long long seen  # `writes` when the arrays were those of the Values, or newer
    cdef bint numbers_newer, gradients_newer, arrived
    cdef readonly bint plain  # all require a gradient, and none has a hook

    def __init__(self, leaves):
        self.leaves = list(leaves)
        self.numbers = new_array("d", bytes(8 * len(self.leaves)))
        self.gradients = new_array("d", bytes(8 * len(self.leaves)))
        self.known_parts = []
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
        # Another array: a replay in another thread may be reading this one.
        self.numbers = copy_of(self.numbers, len(self.leaves))
        x, g = self.numbers.data.as_doubles, self.gradients.data.as_doubles
        self.plain = True
        for i in range(len(self.leaves)):
            leaf = <Value> items[i]
            x[i], g[i] = leaf.number, leaf.gradient.grad
            if not is_plain(leaf):
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

    def read(self, list parameters, Part part):
        """Numbers and gradients of `parameters`, in which all leaves of this store are.

        The numbers are a copy. None where a Value has to be asked.
        """
        cdef array x, g
        cdef Py_ssize_t at
        cdef Value leaf
        self.look()
        if not self.plain:
            return None
        if part is None:
            return copy_of(self.numbers), self.gradients
        if part.others and (len(waiting) > 1 or self not in waiting):
            looking()
        x, g = copy_of(self.numbers, len(parameters)), copy_of(self.gradients, len(parameters))
        part.move(x.data.as_doubles, self.numbers.data.as_doubles, False)
        part.move(g.data.as_doubles, self.gradients.data.as_doubles, False)
        for at in part.others:
            leaf = <Value> parameters[at]
            if not is_plain(leaf):
                return None
            x.data.as_doubles[at], g.data.as_doubles[at] = leaf.number, leaf.gradient.grad
        return x, g

    def write(self, list parameters, Part part, array numbers):
        """New numbers for `parameters`, in which all leaves of this store are."""
        cdef Py_ssize_t at
        check_lengths(parameters, numbers)
        if part is not None:
            for at in part.others:
                (<Value> parameters[at]).number = numbers.data.as_doubles[at]
            self.numbers = copy_of(self.numbers)
            part.move(numbers.data.as_doubles, self.numbers.data.as_doubles, True)
        else:
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

    def zero_gradients(self, parameters, Part part):
        """Reset the gradients of `parameters`, in which all leaves of this store are.

        False, and nothing done, where a Value has to be asked.
        """
        cdef Py_ssize_t at
        self.look()
        if not self.plain:
            return False
        if part is not None:
            if part.others and (len(waiting) > 1 or self not in waiting):
                looking()
            for at in part.others:
                (<Value> (<list> parameters)[at]).gradient.grad = 0.0
                (<Value> (<list> parameters)[at]).flags &= ~(REACHED | ARRIVED)
        memset(self.gradients.data.as_doubles, 0, 8 * len(self.leaves))
        self.gradients_newer, self.arrived = True, False
        self.newer()
        return True


@cython.final
@cython.auto_pickle(False)
cdef class Part:
    """How the leaves of a store lie in a list of leaves: `runs` of three numbers each, where one
    starts in the list and in the store, and its length. At `others` the list has leaves of
    its own."""

    cdef array runs
    cdef readonly list others

    def __init__(self, list places):
        """`places` has the place in the store for each of the list, or None."""
        cdef list runs = []
        cdef Py_ssize_t at, start = 0, first = 0, length = 0
        self.others = [at for at, place in enumerate(places) if place is None]
        for at, place in enumerate(places):
            if place is None:
                continue
            if length and at == start + length and place == first + length:
                length += 1
                continue
            if length:
                runs += [start, first, length]
            start, first, length = at, place, 1
        if length:
            runs += [start, first, length]
        self.runs = new_array("q", runs)

    cdef int move(self, double *listed, double *held, bint back) noexcept:
        """Copy numbers from the store to the list, or back."""
        cdef long long *run = self.runs.data.as_longlongs
        cdef Py_ssize_t i
        for i in range(0, len(self.runs), 3):
            if back:
                memcpy(held + run[i + 1], listed + run[i], 8 * <size_t> run[i + 2])
            else:
                memcpy(listed + run[i], held + run[i + 1], 8 * <size_t> run[i + 2])
        return 0


cdef bint is_plain(Value leaf):
    """Whether nothing but numbers stands in the way of a change."""
    return leaf.flags & REQUIRES_GRAD and not has_parents(leaf) and (
        leaf.extra == NULL or leaf.extra.own == NULL
    )


cdef array copy_of(array numbers, Py_ssize_t length=-1):
    """A copy; of another length, an array with anything in it."""
    cdef array new = clone_array(numbers, len(numbers) if length < 0 else length, False)
    if length < 0:
        memcpy(new.data.as_doubles, numbers.data.as_doubles, 8 * len(numbers))
    return new


def stored(parameters):
    """The store of these leaves, or of most of them, and its Part of them (None: it is the same).

    All leaves of the store are among the parameters, each of which is there once. None where
    no store is worth the search.
    """
    cdef Store store, best = None
    cdef Part part, best_part = None
    if len(parameters) < FEWEST:
        return None
    for known in known_stores:
        found = known()
        if found is None:
            continue
        store = <Store> found
        if len(store.leaves) == len(parameters) and hold_the_same([(parameters, store.leaves)]):
            return store, None
        if 2 * len(store.leaves) < len(parameters) or len(store.leaves) > len(parameters):
            continue
        if best is not None and len(store.leaves) <= len(best.leaves):
            continue
        for others, known_part in store.known_parts:
            if hold_the_same([(parameters, others)]):
                part = known_part
                break
        else:
            part = store_part(store, parameters)
        if part is not None:
            best, best_part = store, part
    return None if best is None else (best, best_part)


cdef Part store_part(Store store, parameters):
    """How all leaves of `store` lie in `parameters`; None where they do not. It is remembered."""
    cdef Part part = None
    place = {id(leaf): i for i, leaf in enumerate(store.leaves)}
    places = [place.get(id(leaf)) for leaf in parameters]
    if len(set(map(id, parameters))) == len(parameters):
        if len(places) - places.count(None) == len(store.leaves):
            part = Part(places)
    if len(store.known_parts) > 3:
        del store.known_parts[0]
    store.known_parts.append((list(parameters), part))
    return part
