# `no_grad`, `detect_anomaly` and `scope`, as C reads them. The Modes object in force is read at
# every node, so its parts are kept until another is.

cdef object current_modes = modes.current
cdef object known_modes = None
cdef bint recording = True
cdef bint anomaly = False
cdef object scope_now = ""
cdef unsigned short scope_number_now = 0
scopes = [""]
cdef dict scope_numbers = {"": 0}


cdef int read_modes() except -1:
    cdef PyObject *found
    global known_modes, recording, anomaly, scope_now, scope_number_now
    PyContextVar_Get(current_modes, NULL, &found)
    if found == <PyObject *> known_modes:
        Py_DECREF(<object> found)
        return 0
    known_modes = <object> found
    Py_DECREF(<object> found)
    recording = <object> PyTuple_GET_ITEM(known_modes, 0) is True
    scope_now = <object> PyTuple_GET_ITEM(known_modes, 1)
    anomaly = <object> PyTuple_GET_ITEM(known_modes, 2) is True
    scope_number_now = number_of_scope(scope_now)
    return 0


cdef unsigned short number_of_scope(scope) except? 65534:
    number = scope_numbers.get(scope)
    if number is None:
        number = len(scopes)
        if number >= LAST_SCOPE:
            return LAST_SCOPE
        scopes.append(scope)
        scope_numbers[scope] = number
    return number


cdef inline int set_scope(Value node) except -1:
    cdef Extra *extra
    node.scope_number = scope_number_now
    if scope_number_now == LAST_SCOPE:
        extra = extra_of(node)
        replace(&extra.scope, scope_now)
    return 0


cdef int number_scope(Value node, scope) except -1:
    cdef Extra *extra
    node.scope_number = number_of_scope(scope)
    if node.scope_number == LAST_SCOPE:
        extra = extra_of(node)
        replace(&extra.scope, scope)
    return 0


cdef bint tracing = False  # whether any thread records for `autograd.compile`


def tell_of_traces(on):
    global tracing
    tracing = on


cdef inline int comparing(left, right) except -1:
    """Before two numbers are compared."""
    if tracing:
        refuse_comparison(left, right)
    return looking()


cdef int refuse_comparison(left, right) except -1:
    """TracingError in a trace where one of the two has no number yet."""
    if isinstance(left, Value):
        traces.refuse(left, "a comparison")
    if isinstance(right, Value):
        traces.refuse(right, "a comparison")
    return 0


traces.tell(tell_of_traces)


cdef object names_outside = None  # the Modes object that `names_inside` belongs to
cdef dict names_inside = {}  # the name of a scope -> the Modes inside it
cdef dict all_names_inside = {}  # the same for every Modes object


@cython.final
@cython.no_gc  # it holds texts and tuples of them
cdef class scope:
    __doc__ = modes.scope.__doc__
    __signature__ = signatures.OfConstructor(modes.scope.__init__)

    cdef object name
    cdef object outside  # the Modes outside, while it is entered
    cdef list further  # those of before, where it is entered inside of itself

    def __init__(self, name):
        self.name = name if type(name) is str else errors.as_text("a scope", name)

    def __enter__(self):
        cdef PyObject *found
        cdef dict names
        global names_outside, names_inside
        PyContextVar_Get(current_modes, NULL, &found)
        outside = <object> found
        Py_DECREF(outside)
        # The globals are read once and set together: another thread may run in between.
        if outside is names_outside:
            names = names_inside
        else:
            if len(all_names_inside) > 4096:
                all_names_inside.clear()
            names = all_names_inside.setdefault(outside, {})
            names_outside, names_inside = outside, names
        inside = names.get(self.name)
        if inside is None:
            inside = modes.inside(outside, self.name)
            if len(names) > 4096:
                names.clear()
            names[self.name] = inside
        PyContextVar_Set(current_modes, inside)
        if self.outside is not None:
            if self.further is None:
                self.further = []
            self.further.append(self.outside)
        self.outside = outside

    def __exit__(self, kind, error, traceback):
        if self.outside is None:
            raise errors.GraphError("scope is not entered: there is nothing to leave")
        PyContextVar_Set(current_modes, self.outside)
        self.outside = self.further.pop() if self.further else None

    def __dealloc__(self):
        # What interrupts a block before its end drops the scope: see `modes._Leave`.
        if self.outside is not None:
            PyContextVar_Set(current_modes, self.further[0] if self.further else self.outside)

    def __call__(self, function):
        return modes.decorated(self, function)
