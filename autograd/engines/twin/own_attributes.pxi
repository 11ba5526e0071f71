# What a user hangs on a Value: hooks, attributes, a `_backward` of its own.

cdef Own *own_of(Value node) except NULL:
    cdef Extra *extra = extra_of(node)
    if extra.own == NULL:
        extra.own = <Own *> PyMem_RawCalloc(1, sizeof(Own))
        if extra.own == NULL:
            raise MemoryError()
        try:
            enter_owner(node, extra.own)
        except:
            PyMem_RawFree(extra.own)
            extra.own = NULL
            raise
    return extra.own


cdef void free_own(Own *own) noexcept:
    leave_owner(own)
    Py_XDECREF(own.hooks)
    Py_XDECREF(own.attributes)
    PyMem_RawFree(own)


cdef dict attributes_of(Value node):
    cdef Own *own = own_of(node)
    if own.attributes == NULL:
        replace(&own.attributes, Attributes())
    return <dict> own.attributes


class Attributes(dict):
    """The attributes a user gave one Value; the class learns their names."""

    __slots__ = ()

    def __init__(self, *given):
        super().__init__(*given)
        for name in self:
            offer(name)

    def __setitem__(self, name, attribute):
        super().__setitem__(name, attribute)
        offer(name)

    def update(self, *given, **named):
        super().update(*given, **named)
        for name in self:
            offer(name)

    def setdefault(self, name, default=None):
        offer(name)
        return super().setdefault(name, default)


cdef inline object own_attribute(Value node, name):
    """The attribute of that name that a user gave `node`, or None."""
    if node.extra == NULL or node.extra.own == NULL or node.extra.own.attributes == NULL:
        return None
    return (<dict> node.extra.own.attributes).get(name)


@cython.final
cdef class Attribute:
    """An attribute that some Values have: the class asks them for it, and Values stay small.

    What the class itself has by that name, a method say, holds for all others.
    """

    cdef object name, others

    def __init__(self, name, others):
        self.name, self.others = name, others

    def __get__(self, value, kind):
        if value is not None and self.name in value._attributes:
            return value._attributes[self.name]
        if self.others is None:
            owner = f"type object '{kind.__name__}'" if value is None else f"'{kind.__name__}' object"
            raise AttributeError(f"{owner} has no attribute {self.name!r}")
        get = getattr(type(self.others), "__get__", None)
        return self.others if get is None else get(self.others, value, kind)

    def __set__(self, value, new):
        value.__dict__[self.name] = new

    def __delete__(self, value):
        try:
            del value.__dict__[self.name]
        except KeyError:
            raise not_there(value, self.name) from None


cdef object type_dict_item(name):
    return (<dict> type_dict(Value))[name]


def not_there(value, name):
    return AttributeError(f"'{type(value).__name__}' object has no attribute {name!r}")


cdef int offer(name) except -1:
    """Have the class look for the attribute `name` in Values."""
    cdef dict attributes = <dict> type_dict(Value)
    if not isinstance(name, str):  # a key of `__dict__`, and no attribute
        return 0
    found = attributes.get(name, vars(object).get(name))
    if type(found) is not Attribute and not hasattr(type(found), "__set__"):
        attributes[name] = Attribute(name, found)
        PyType_Modified(type_of_values)
    return 0


cdef int set_attribute(PyObject *self, PyObject *name, PyObject *new) except -1:
    """Setting and deleting attributes: those that all Values have, else a user's own."""
    if new == NULL and <object> name in names_of_fields:
        raise fields.not_deleted(<object> name)
    try:
        return PyObject_GenericSetAttr(self, name, new)
    except AttributeError:
        if <object> name in names_of_fixed:
            raise fields.not_set(<object> name) from None
        if new == NULL and self.ob_type == type_of_values:
            raise not_there(<object> self, <object> name) from None
        if new == NULL or has_dict(self) or is_data_descriptor(self, <object> name):
            raise
    (<dict> attributes_of(<Value> self))[<object> name] = <object> new
    return offer(<object> name)


cdef bint is_data_descriptor(PyObject *self, name) except -1:
    """Whether the class of `self` decides what setting `name` does."""
    for kind in type(<object> self).__mro__:
        if name in kind.__dict__:
            return hasattr(type(kind.__dict__[name]), "__set__")
    return False


cdef set names_of_fixed = {
    "parents", "partials", "op", "local_gradient", "_children", "_local_grads", "_prev", "_op",
    "_by_hand", "_attributes",
}
cdef set names_of_fields = names_of_fixed | {"data", "grad", "label", "requires_grad", "scope"}


cdef bint passes_by_hand(Value node) except -1:
    """Whether the gradient of `node` passes through a function other than our `_backward`."""
    if node.extra == NULL:
        return False
    if node.extra.op != NULL and type(<object> node.extra.op) is Unknown:
        return True
    if own_attribute(node, "_backward") is not None:
        return True
    return type(node) is not Value and made_by_hand.changed_by_hand(node, engines_own_step)


cdef bint is_engines_own_step() except -1:
    """Whether the class has our `_backward` still: a user may put another one there."""
    step = type_dict_item("_backward")
    return ((<Attribute> step).others if type(step) is Attribute else step) is engines_own_step
