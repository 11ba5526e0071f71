# What a user hangs on a Value (a hook, an attribute, a `_backward`) may refer back to it, through
# functions, lists and other Values: `v.twin = v`. Python's collector does not see Values, which
# carry nothing for it so that they stay small. But such a cycle always runs through an *owner*, a
# Value on which something hangs, so the owners are listed, and now and then a census finds those
# that only their own cycle keeps alive: by counting, as the collector does, how many of the
# references to each thing come from inside of what the owners can reach.
#
# The census does not enter modules and classes: what is known only from there counts as alive.

cdef extern from "Python.h":
    ctypedef int (*traverseproc)(PyObject *, visitproc, void *)
    ctypedef int (*inquiry)(PyObject *)
    int PyObject_IS_GC(PyObject *thing)
    int PyObject_GC_IsTracked(PyObject *thing)
    int PyGC_IsEnabled()
    int PyType_Check(PyObject *thing)
    int PyModule_Check(PyObject *thing)
    int PyDict_CheckExact(PyObject *thing)
    int PyTuple_CheckExact(PyObject *thing)
    int PyObject_TypeCheck(PyObject *thing, PyTypeObject *type)
    PyObject *PyDict_GetItemWithError(PyObject *dict, PyObject *key)  # borrowed
    void PyErr_Clear()
    Py_ssize_t Py_REFCNT(PyObject *thing)

cdef extern from *:
    """
    #define traverse_of(thing) (Py_TYPE(thing)->tp_traverse)
    #define clear_of(thing) (Py_TYPE(thing)->tp_clear)
    #define has_finalizer(thing) (Py_TYPE(thing)->tp_finalize != NULL)
    #define free_memory(thing) (Py_TYPE(thing)->tp_free(thing))
    """
    traverseproc traverse_of(PyObject *thing)
    inquiry clear_of(PyObject *thing)
    bint has_finalizer(PyObject *thing)
    void free_memory(PyObject *thing)

cdef PyObject **owners = NULL  # borrowed: an owner leaves the list when it dies
cdef Py_ssize_t owner_count = 0
cdef Py_ssize_t owner_room = 0
cdef Py_ssize_t enough_owners = 64  # for the next census
cdef bint listening = False
cdef bint counting = False
cdef bint collecting = False  # Python's collector is at work


cdef int enter_owner(Value node, Own *own) except -1:
    global owners, owner_count, owner_room, listening
    cdef PyObject **items
    if not listening:
        import gc

        gc.callbacks.append(on_collection)
        listening = True
    # First: what it sets free may raise, and then the node owns nothing.
    if owner_count >= enough_owners and PyGC_IsEnabled():
        take_census()
    if owner_count == owner_room:
        items = <PyObject **> PyMem_RawRealloc(
            owners, (2 * owner_room + 64) * sizeof(PyObject *)
        )
        if items == NULL:
            raise MemoryError()
        owners, owner_room = items, 2 * owner_room + 64
    owners[owner_count] = <PyObject *> node
    own.place = owner_count
    owner_count += 1
    return 0


cdef void leave_owner(Own *own) noexcept:
    global owner_count
    owner_count -= 1
    cdef PyObject *last = owners[owner_count]
    owners[own.place] = last
    (<Value> last).extra.own.place = own.place


def on_collection(phase, info):
    """Python collects garbage: so do we, where it looks at everything."""
    global collecting
    collecting = phase == "start"
    if collecting and info["generation"] == 2 and owner_count:
        take_census()


cdef struct Seen:
    PyObject *thing  # borrowed
    Py_ssize_t references  # to it, from the things seen
    bint alive

cdef struct Census:
    Seen *seen
    Py_ssize_t count, room
    Py_ssize_t *slots  # where in `seen` a thing is, by its address; -1: free
    Py_ssize_t slot_count  # a power of 2
    Py_ssize_t *waiting  # those alive, whose references are still to be followed
    Py_ssize_t waiting_count
    bint out_of_memory


cdef int take_census() except -1:
    """Find the owners that only their own cycles keep alive, and take from them what they own."""
    global counting, enough_owners
    cdef Census census
    cdef Py_ssize_t i
    if counting:
        return 0
    counting = True
    dead = []
    memset(&census, 0, sizeof(Census))
    try:
        if count_references(&census) and mark_alive(&census):
            for i in range(census.count):
                if not census.seen[i].alive and is_owner(census.seen[i].thing):
                    dead.append(<object> census.seen[i].thing)
    finally:
        PyMem_RawFree(census.seen)
        PyMem_RawFree(census.slots)
        PyMem_RawFree(census.waiting)
        counting = False
    left = owner_count - len(dead)
    while dead:
        disown(dead.pop())
    if owner_count > left and not collecting:  # cycles beside them hold them still
        import gc

        gc.collect()
    enough_owners = 2 * owner_count if owner_count > 32 else 64
    return 0


cdef bint is_owner(PyObject *thing) noexcept:
    return PyObject_TypeCheck(thing, type_of_values) and (
        (<Value> thing).extra != NULL and (<Value> thing).extra.own != NULL
    )


cdef int disown(Value owner) except -1:
    cdef Own *own = owner.extra.own
    cdef PyObject *hooks = own.hooks
    cdef PyObject *attributes = own.attributes
    own.hooks = own.attributes = NULL
    if owner.extra.label != NULL and type(<object> owner.extra.label) is not str:
        replace(&owner.extra.label, str.__str__(<object> owner.extra.label))
    # Emptied first: a hook's handle refers to the dict it is in.
    if hooks != NULL:
        (<dict> hooks).clear()
    if attributes != NULL:
        (<dict> attributes).clear()
    Py_XDECREF(hooks)
    Py_XDECREF(attributes)
    if type(owner) is not Value and clear_of(<PyObject *> owner) != NULL:
        if not has_finalizer(<PyObject *> owner):  # it would find its attributes gone
            clear_of(<PyObject *> owner)(<PyObject *> owner)
    return 0


cdef bint count_references(Census *census) noexcept:
    cdef Py_ssize_t i
    for i in range(owner_count):
        place_in(census, owners[i])
    i = 0
    while i < census.count and not census.out_of_memory:
        follow(census.seen[i].thing, <visitproc> count_reference, census)
        i += 1
    return not census.out_of_memory


cdef bint mark_alive(Census *census) noexcept:
    """Mark what something outside refers to, and all that can be reached from there."""
    cdef Py_ssize_t i
    census.waiting = <Py_ssize_t *> PyMem_RawMalloc((census.count + 1) * sizeof(Py_ssize_t))
    if census.waiting == NULL:
        return False
    for i in range(census.count):
        if not census.seen[i].alive and Py_REFCNT(census.seen[i].thing) > census.seen[i].references:
            wait(census, i)
            while census.waiting_count:
                census.waiting_count -= 1
                follow(
                    census.seen[census.waiting[census.waiting_count]].thing,
                    <visitproc> reach,
                    census,
                )
    return True


cdef inline void wait(Census *census, Py_ssize_t i) noexcept:
    census.seen[i].alive = True
    census.waiting[census.waiting_count] = i
    census.waiting_count += 1


cdef int count_reference(PyObject *thing, void *given) noexcept:
    cdef Census *census = <Census *> given
    cdef Py_ssize_t i
    if is_followed(thing):
        i = place_in(census, thing)
        if i >= 0:
            census.seen[i].references += 1
    return 0


cdef int reach(PyObject *thing, void *given) noexcept:
    cdef Census *census = <Census *> given
    cdef Py_ssize_t i
    if is_followed(thing):
        i = place_in(census, thing)
        if i >= 0 and not census.seen[i].alive:
            wait(census, i)
    return 0


cdef bint is_followed(PyObject *thing) noexcept:
    if thing.ob_type == type_of_values:
        return True
    if not PyObject_IS_GC(thing) or PyType_Check(thing) or PyModule_Check(thing):
        return PyObject_TypeCheck(thing, type_of_values)
    return not (PyDict_CheckExact(thing) and is_of_module(thing))


cdef object of_modules = "__builtins__"
cdef object of_builtins = "__build_class__"


cdef bint is_of_module(PyObject *attributes) noexcept:
    """Whether a dict holds the names of a module."""
    if PyDict_GetItemWithError(attributes, <PyObject *> of_modules) != NULL:
        return True
    if PyDict_GetItemWithError(attributes, <PyObject *> of_builtins) != NULL:
        return True
    PyErr_Clear()
    return False


cdef void follow(PyObject *thing, visitproc visit, Census *census) noexcept:
    """Call `visit` with everything that `thing` holds a reference to."""
    cdef Py_ssize_t i
    cdef Extra *extra
    if not PyObject_TypeCheck(thing, type_of_values):
        if PyObject_GC_IsTracked(thing) or PyDict_CheckExact(thing) or PyTuple_CheckExact(thing):
            traverse_of(thing)(thing, visit, census)
        return
    extra = (<Value> thing).extra
    for i in range(operand_count(<Value> thing)):
        if not is_number(<Value> thing, i):
            visit(operand(<Value> thing, i).value, census)
    if extra != NULL:
        visit_if(extra.label, visit, census)
        visit_if(extra.op, visit, census)
        if extra.own != NULL:
            visit_if(extra.own.hooks, visit, census)
            visit_if(extra.own.attributes, visit, census)
    if thing.ob_type != type_of_values and traverse_of(thing) != NULL:
        traverse_of(thing)(thing, visit, census)


cdef inline void visit_if(PyObject *thing, visitproc visit, Census *census) noexcept:
    if thing != NULL:
        visit(thing, census)


cdef Py_ssize_t place_in(Census *census, PyObject *thing) noexcept:
    """Where `thing` is among those seen; at the end if it is new, and -1 without memory."""
    cdef Py_ssize_t slot
    if 2 * census.count >= census.slot_count and not grow(census):
        census.out_of_memory = True
        return -1
    slot = free_or_own_slot(census, thing)
    if census.slots[slot] < 0:
        census.slots[slot] = census.count
        census.seen[census.count] = Seen(thing, 0, False)
        census.count += 1
    return census.slots[slot]


cdef Py_ssize_t free_or_own_slot(Census *census, PyObject *thing) noexcept:
    cdef Py_ssize_t mask = census.slot_count - 1
    cdef Py_ssize_t slot = (<uintptr_t> thing >> 4) * <uintptr_t> 0x9E3779B97F4A7C15 >> 20 & mask
    while census.slots[slot] >= 0 and census.seen[census.slots[slot]].thing != thing:
        slot = slot + 1 & mask
    return slot


cdef bint grow(Census *census) noexcept:
    cdef Py_ssize_t i
    cdef Py_ssize_t slot_count = 4 * census.slot_count if census.slot_count else 1024
    cdef Py_ssize_t *slots = <Py_ssize_t *> PyMem_RawMalloc(slot_count * sizeof(Py_ssize_t))
    cdef Seen *seen = <Seen *> PyMem_RawRealloc(
        census.seen, (slot_count // 2 + 1) * sizeof(Seen)
    )
    if seen != NULL:
        census.seen = seen
    if slots == NULL or seen == NULL:
        PyMem_RawFree(slots)
        return False
    PyMem_RawFree(census.slots)
    census.slots, census.slot_count = slots, slot_count
    memset(slots, 0xFF, slot_count * sizeof(Py_ssize_t))
    for i in range(census.count):
        slots[free_or_own_slot(census, seen[i].thing)] = i
    return True
