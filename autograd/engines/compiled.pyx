# cython: language_level=3, annotation_typing=False, binding=True
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The engine of `value.py`, compiled: the same class and functions, bit for bit.

Read `value.py`; what differs here is only how it is stored and walked. The
arithmetic is not written here at all: `_rules.h` is printed from `ops.py` at
build time. Where C gives something that is not finite, or has no rule, the
rule in Python decides, so errors and infinities are its own.

Storage: a Value of one or two operands is 80 bytes. A number that entered an
expression sits in the slot of its operand until someone looks at `parents`. A
label, more operands or a rule without C go into `Extra`, allocated when needed,
hooks and attributes of a user into `Own`. Graphs have no cycles, so there is
nothing for the garbage collector; what a user hangs on a Value may refer back to
it, and is seen to in `cycles.pxi`.
"""

cimport cython
from cpython.array cimport array
from cpython.contextvars cimport PyContextVar_Get, PyContextVar_Set
from cpython.float cimport PyFloat_AS_DOUBLE
from cpython.mem cimport PyMem_RawCalloc, PyMem_RawFree, PyMem_RawMalloc, PyMem_RawRealloc
from cpython.object cimport PyObject, PyTypeObject, destructor, visitproc
from cpython.ref cimport Py_DECREF, Py_INCREF, Py_XDECREF
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.math cimport NAN, isfinite
from libc.stdint cimport uintptr_t
from libc.string cimport memset

from sys import intern

from autograd import errors, ops, value
from autograd.support import fields, hooks, made_by_hand, modes, numpy_support, pickling
from autograd.support.arguments import (
    as_float,
    as_list,
    as_operand,
    checked,
    equals,
    operands as operands_of,
)
from autograd.support.elements import by_element, holds_elements
from autograd.calculus.rule_names import Unknown, remember_by_name
from autograd.support.node import Node

cdef extern from "_rules.h" nogil:
    const int rule_count, own_rule_count
    const char *const rule_names[]
    const char rule_kinds[]
    double unary_rule(int id, double x, double *d_x)
    double binary_rule(int id, double x, double y, double *d_x, double *d_y)
    double sequence_rule(int id, const double *x, Py_ssize_t n, double *partials)
    const short derived_rules[256][2]
    const unsigned char choosing_rules[256], kinked_rules[256]
    int NUMBER, ITSELF, OPERAND_A, OPERAND_B
    int sequence_tangent(
        int id, const double *x, const double *x_dot, Py_ssize_t n, double *changes)
    int RULE_dot, RULE_add, RULE_sub, RULE_mul, RULE_div, RULE_pow, RULE_neg, RULE_abs

cdef extern from "Python.h":
    void PyType_Modified(PyTypeObject *type)
    unsigned long Py_TPFLAGS_IMMUTABLETYPE
    ctypedef int (*setattrofunc)(PyObject *, PyObject *, PyObject *)
    void PyObject_Free(void *memory)
    Py_ssize_t PyDict_GET_SIZE(PyObject *dict)
    Py_ssize_t PyVectorcall_NARGS(size_t flagged)
    int PyObject_GenericSetAttr(PyObject *self, PyObject *name, PyObject *new) except -1

cdef extern from *:
    """
    #define type_dict(type) (((PyTypeObject *)(type))->tp_dict)
    /* Give up a reference; true if it was the last one. */
    static inline int release(PyObject *object)
    {
        if (Py_REFCNT(object) > 1) {
            Py_DECREF(object);
            return 0;
        }
        return 1;
    }
    /* A freed object as a new one: its type stands there still. */
    static inline PyObject *revived(PyObject *object)
    {
        Py_SET_REFCNT(object, 1);
        return object;
    }
    #define items_of(sequence) PySequence_Fast_ITEMS(sequence)
    #define use_to_set_attributes(type, function) ((type)->tp_setattro = (function))
    #define use_to_wrap(descriptor, function) \
        (((PyWrapperDescrObject *)(descriptor))->d_wrapped = (void *)(function))
    #define has_dict(object) (Py_TYPE(object)->tp_dictoffset != 0)
    #define init_of(type) ((void *)(type)->tp_init)
    #define use_to_init(type, function) ((type)->tp_init = (initproc)(function))
    #define new_of(type) ((void *)(type)->tp_new)
    #define use_to_make(type, function) ((type)->tp_new = (newfunc)(function))
    #define use_to_call(type, function) ((type)->tp_vectorcall = (vectorcallfunc)(function))
    #define call_in_full(type, given, named) (PyType_Type.tp_call((type), (given), (named)))
    #if defined(__GNUC__)
    #define prefetch(address) __builtin_prefetch(address, 1)
    #else
    #define prefetch(address)
    #endif
    """
    void prefetch(const void *address) nogil
    PyObject *type_dict(object type)  # borrowed
    PyObject **items_of(object sequence)
    void use_to_set_attributes(PyTypeObject *type, setattrofunc function)
    void use_to_wrap(PyObject *descriptor, void *function)
    bint has_dict(PyObject *object)
    void *init_of(PyTypeObject *type)
    void use_to_init(PyTypeObject *type, void *function)
    void *new_of(PyTypeObject *type)
    void use_to_make(PyTypeObject *type, void *function)
    void use_to_call(PyTypeObject *type, void *function)
    object call_in_full(PyObject *type, PyObject *given, PyObject *named)
    bint release(PyObject *object)
    Value revived(PyObject *object)


# --- storage -------------------------------------------------------------------

cdef enum Flag:
    REQUIRES_GRAD = 1
    REACHED = 2  # by a backward pass, since the last zero_grad
    A_NUMBER = 4  # operand a is a number that nobody has looked at yet
    B_NUMBER = 8
    MANY = 16  # the operands are in `extra`
    MOVED = 32  # its tangent is given; only during a sweep
    ARRIVED = 64  # something was added to its gradient (in a forward sweep: it moves)
    VISITED = 128  # by the sort that is going on; see `forget`

cdef union Operand:
    PyObject *value  # a Value, of which we own a reference
    double number

cdef struct Own:
    PyObject *hooks  # owned; a dict
    PyObject *attributes  # owned; a dict
    Py_ssize_t place  # among `owners`

cdef struct Extra:
    PyObject *label  # owned, or NULL for ""
    PyObject *op  # owned; the name of a rule without a number
    PyObject *scope  # owned; a scope without a number
    PyObject *made_at  # owned; set by detect_anomaly
    Own *own  # owned; NULL where a user has hung nothing on this Value
    unsigned char chooses  # as in `choosing_rules`, for a rule without a number
    Py_ssize_t count
    Operand *operands
    double *partials
    char *is_number  # one for each operand

cdef union Gradient:
    double grad
    PyObject *next  # links the nodes that are about to die

DEF LAST_SCOPE = 65535  # this scope, and all that come after it, are in `extra`


cdef class Value:
    __doc__ = value.Value.__doc__

    cdef double number
    cdef Gradient gradient
    cdef double partial_a, partial_b
    cdef Operand a, b
    cdef Extra *extra
    cdef unsigned int serial  # grows from node to node, or from batch to batch: see `next_serial`
    cdef unsigned short scope_number
    cdef unsigned char rule  # its number in `_rules.h`; 0: none, or in `extra`
    cdef unsigned char flags

    def __cinit__(self):
        global subclassed
        self.number = NAN
        self.serial = serial_of_next()
        if type(self) is not Value:
            subclassed = True
            own_of(self)

    def __init__(self, *given, label="", requires_grad=True, **named):
        if given:
            data, given = given[0], given[1:]
            if "data" in named:
                raise TypeError("Value.__init__() got multiple values for argument 'data'")
        elif "data" in named:
            data = named.pop("data")
        else:
            raise TypeError("Value.__init__() missing 1 required positional argument: 'data'")
        if has_parents(self):
            raise errors.GraphError("__init__ of a Value that is in use: make another one")
        cdef double number = PyFloat_AS_DOUBLE(data) if type(data) is float else as_float(data)
        if named or type(label) is not str or PyTuple_GET_SIZE(given) > 1 or (
            given and type(given[0]) is not str
        ):
            made = made_by_hand.read(Value, given, label, named)
        elif given and label:
            made = made_by_hand.read(Value, given, label, named)
        else:
            made = None
            label = given[0] if given else label
        self.number = number
        self.gradient.grad = 0.0
        self.flags = REQUIRES_GRAD if requires_grad else 0
        read_modes()
        set_scope(self)
        if self.extra != NULL or label or made is not None:
            in_full(self, label, made)

    # --- what can be read and set ----------------------------------------------

    @property
    def data(self):
        return self.number

    @data.setter
    def data(self, number):
        self.number = PyFloat_AS_DOUBLE(number) if type(number) is float else as_float(number)

    @property
    def _data(self):
        return self.number

    @property
    def grad(self):
        return self.gradient.grad

    @grad.setter
    def grad(self, number):
        self.gradient.grad = (
            PyFloat_AS_DOUBLE(number) if type(number) is float
            else 0.0 if number is None else as_float(number)
        )
        set_flag(self, REACHED | ARRIVED, self.gradient.grad != 0.0)

    @property
    def _arrived(self):
        return bool(self.flags & ARRIVED)

    @_arrived.setter
    def _arrived(self, arrived):
        set_flag(self, ARRIVED, arrived)

    @property
    def _reached(self):
        return bool(self.flags & REACHED)

    @_reached.setter
    def _reached(self, reached):
        set_flag(self, REACHED, reached)

    @property
    def _serial(self):
        return self.serial

    @property
    def requires_grad(self):
        return bool(self.flags & REQUIRES_GRAD)

    @requires_grad.setter
    def requires_grad(self, required):
        set_flag(self, REQUIRES_GRAD, required)

    @property
    def parents(self):
        cdef Py_ssize_t i
        return tuple([parent(self, i) for i in range(operand_count(self))])

    @property
    def _children(self):
        return self.parents

    @property
    def partials(self):
        cdef Py_ssize_t i
        return tuple([partial(self, i) for i in range(operand_count(self))])

    @property
    def _local_grads(self):
        return self.partials

    @property
    def op(self):
        if self.extra != NULL and self.extra.op != NULL:
            return <object> self.extra.op
        return names_of_rules[self.rule]

    @property
    def label(self):
        if self.extra != NULL and self.extra.label != NULL:
            return <object> self.extra.label
        return ""

    @label.setter
    def label(self, label):
        set_label(self, label if type(label) is str else fields.as_label(label))

    @property
    def scope(self):
        if self.scope_number == LAST_SCOPE:
            return <object> self.extra.scope
        return scopes[self.scope_number]

    @scope.setter
    def scope(self, scope):
        cdef Py_ssize_t i
        if type(scope) is not str:
            fields.as_scope(scope)
        for i in range(operand_count(self)):
            parent(self, i)  # a number that becomes a constant later was there in the old scope
        number_scope(self, scope)

    @property
    def _made_at(self):
        if self.extra != NULL and self.extra.made_at != NULL:
            return <object> self.extra.made_at
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '_made_at'")

    @_made_at.setter
    def _made_at(self, made_at):
        cdef Extra *extra = extra_of(self)
        replace(&extra.made_at, made_at)

    @property
    def _hooks(self):
        if self.extra != NULL and self.extra.own != NULL and self.extra.own.hooks != NULL:
            return <object> self.extra.own.hooks
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '_hooks'")

    @_hooks.setter
    def _hooks(self, hooks):
        cdef Own *own = own_of(self)
        replace(&own.hooks, hooks)

    @property
    def __dict__(self):
        return attributes_of(self)

    @__dict__.setter
    def __dict__(self, attributes):
        if not isinstance(attributes, dict):
            raise TypeError(f"__dict__ must be set to a dictionary, not a '{type(attributes).__name__}'")
        cdef Own *own = own_of(self)
        replace(&own.attributes, Attributes(attributes))

    @__dict__.deleter
    def __dict__(self):
        cdef Own *own = own_of(self)
        replace(&own.attributes, Attributes())

    def __dir__(self):
        offered = {name for name, x in (<dict> type_dict(Value)).items() if type(x) is Attribute}
        hidden = offered.difference(self._attributes, [
            name for name in offered if (<Attribute> type_dict_item(name)).others is not None
        ])
        return [name for name in object.__dir__(self) if name not in hidden]

    def __setattr__(self, name, new):
        set_attribute(<PyObject *> self, <PyObject *> name, <PyObject *> new)

    def __delattr__(self, name):
        set_attribute(<PyObject *> self, <PyObject *> name, NULL)

    @property
    def _attributes(self):
        if type(self) is Value and (self.extra == NULL or self.extra.own == NULL):
            return {}
        return vars(self)

    @property
    def _by_hand(self):
        return passes_by_hand(self)

    @property
    def local_gradient(self):
        passing = list(zip(self.partials, ops.passes(self.op, self.partials)))
        return lambda upstream: [upstream * partial if on else 0.0 for partial, on in passing]

    # --- backward --------------------------------------------------------------

    def _backward(self):
        check_self(self, "_arrived")
        pass_on_once(self)

    def backward(self, gradient=1.0, retain_graph=True, create_graph=False, inputs=None):
        cdef double upstream
        check_self(self, "_required")
        if create_graph or inputs is not None:
            made_by_hand.refuse_options(create_graph, inputs)
        if not self.flags & REQUIRES_GRAD:
            raise errors.GraphError(
                "nothing here requires a gradient: made under no_grad, detached, or from numbers"
            )
        upstream = as_float(gradient)
        read_modes()
        run_backward(self, upstream)

    def zero_grad(self):
        check_self(self, "_grad")
        self.gradient.grad = 0.0
        self.flags &= ~(REACHED | ARRIVED)

    def detach(self):
        check_self(self, "_data")
        return constant(self.number)

    # --- operators ---------------------------------------------------------------

    def __add__(self, other):
        return binary_operator(self, other, RULE_add)

    def __radd__(self, other):
        return binary_operator(other, self, RULE_add)

    def __sub__(self, other):
        return binary_operator(self, other, RULE_sub)

    def __rsub__(self, other):
        return binary_operator(other, self, RULE_sub)

    def __mul__(self, other):
        return binary_operator(self, other, RULE_mul)

    def __rmul__(self, other):
        return binary_operator(other, self, RULE_mul)

    def __truediv__(self, other):
        return binary_operator(self, other, RULE_div)

    def __rtruediv__(self, other):
        return binary_operator(other, self, RULE_div)

    def __pow__(self, other, modulus):
        if modulus is not None:
            return NotImplemented
        return binary_operator(self, other, RULE_pow)

    def __rpow__(self, other, modulus):
        if modulus is not None:
            return NotImplemented
        return binary_operator(other, self, RULE_pow)

    def __mod__(self, other):
        return operator_in_python(ops.mod, self, other)

    def __rmod__(self, other):
        return operator_in_python(ops.mod, other, self)

    def __floordiv__(self, other):
        return operator_in_python(ops.floordiv, self, other)

    def __rfloordiv__(self, other):
        return operator_in_python(ops.floordiv, other, self)

    def __divmod__(self, other):
        return self // other, self % other

    def __rdivmod__(self, other):
        return other // self, other % self

    def __neg__(self):
        return unary(RULE_neg, self) if type(self) is Value else make(ops.neg, (self,))

    def __abs__(self):
        return unary(RULE_abs, self) if type(self) is Value else make(ops.abs, (self,))

    def __eq__(self, other):
        if type(other) is float:
            return self.number == PyFloat_AS_DOUBLE(other)
        return self is other if isinstance(other, Value) else equals(self.number, other)

    def __lt__(self, other):
        other = (<Value> other).number if is_value(other) else as_operand(other)
        return NotImplemented if other is NotImplemented else self.number < other

    def __le__(self, other):
        other = (<Value> other).number if is_value(other) else as_operand(other)
        return NotImplemented if other is NotImplemented else self.number <= other

    def __gt__(self, other):
        other = (<Value> other).number if is_value(other) else as_operand(other)
        return NotImplemented if other is NotImplemented else self.number > other

    def __ge__(self, other):
        other = (<Value> other).number if is_value(other) else as_operand(other)
        return NotImplemented if other is NotImplemented else self.number >= other

    def __hash__(self):
        return object.__hash__(self)

    def __bool__(self):
        return self.number != 0.0

    def __float__(self):
        raise errors.DetachError("use v.data for the number, or v.tanh() to stay in the graph")

    def __int__(self):
        raise errors.DetachError("use v.data for the number, or v.tanh() to stay in the graph")

    def __pos__(self):
        return self

    def __reduce__(self):
        return pickling.reduced(self)

    def __repr__(self):
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={self.number!r}, grad={self.gradient.grad!r}{label})"

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return numpy_support.apply_ufunc(apply, ufunc, method, inputs, options)


# --- making and freeing ------------------------------------------------------------
# Cython's own __dealloc__ saves and restores the exception state around itself, which costs as
# much as all the rest; so the type gets `free_node`, and nodes come from a list of freed ones.

DEF MOST_FREE = 65536
cdef PyObject *free_nodes[MOST_FREE]
cdef int free_count = 0


cdef inline Value new_node():
    """A leaf that requires no gradient; its number and partials are still to be set."""
    global free_count
    cdef Value node
    if free_count == 0:
        node = Value.__new__(Value)
        node.serial = serial_of_next()
        return node
    free_count -= 1
    node = revived(free_nodes[free_count])
    node.gradient.grad = 0.0
    node.a.value = node.b.value = NULL
    node.extra = NULL
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


# --- small parts of a node -------------------------------------------------------

cdef inline void set_flag(Value node, unsigned char flag, bint on) noexcept:
    if on:
        node.flags |= flag
    else:
        node.flags &= ~flag


cdef inline bint has_parents(Value node) noexcept:
    return node.flags & (MANY | A_NUMBER | B_NUMBER) != 0 or node.a.value != NULL


cdef inline Py_ssize_t operand_count(Value node) noexcept:
    if node.flags & MANY:
        return node.extra.count
    if not has_parents(node):
        return 0
    return 2 if node.flags & B_NUMBER or node.b.value != NULL else 1


cdef double partial(Value node, Py_ssize_t i) noexcept:
    if node.flags & MANY:
        return node.extra.partials[i]
    return node.partial_b if i else node.partial_a


cdef Value parent(Value node, Py_ssize_t i):
    """Operand `i`; a number becomes a constant Value, now that someone looks at it."""
    cdef Operand *operand
    cdef bint is_number
    cdef Value made
    if node.flags & MANY:
        operand, is_number = &node.extra.operands[i], node.extra.is_number[i]
    elif i:
        operand, is_number = &node.b, node.flags & B_NUMBER
    else:
        operand, is_number = &node.a, node.flags & A_NUMBER
    if not is_number:
        return <Value> operand.value
    made = new_node()
    made.serial = node.serial  # it was there before the node
    made.number = operand.number
    number_scope(made, node.scope)
    Py_INCREF(made)
    operand.value = <PyObject *> made
    if node.flags & MANY:
        node.extra.is_number[i] = 0
    else:
        node.flags &= ~(B_NUMBER if i else A_NUMBER)
    return made


cdef PyObject *drop_operands(Value node, PyObject *dying) noexcept:
    """Give up the references to the parents; those that would die join the list `dying`."""
    cdef Py_ssize_t i
    cdef Extra *extra = node.extra
    if node.flags & MANY:
        for i in range(extra.count):
            if not extra.is_number[i]:
                dying = drop(extra.operands[i].value, dying)
        extra.count = 0
    else:
        if not node.flags & A_NUMBER and node.a.value != NULL:
            dying = drop(node.a.value, dying)
        if not node.flags & B_NUMBER and node.b.value != NULL:
            dying = drop(node.b.value, dying)
    node.a.value = node.b.value = NULL
    node.flags &= ~(MANY | A_NUMBER | B_NUMBER)
    return dying


cdef inline PyObject *drop(PyObject *value, PyObject *dying) noexcept:
    if not release(value):
        return dying
    (<Value> value).gradient.next = dying
    return value


cdef Extra *extra_of(Value node) except NULL:
    if node.extra == NULL:
        node.extra = <Extra *> PyMem_RawCalloc(1, sizeof(Extra))
        if node.extra == NULL:
            raise MemoryError()
    return node.extra


cdef int replace(PyObject **slot, object new) except -1:
    cdef PyObject *old = slot[0]
    Py_INCREF(new)
    slot[0] = <PyObject *> new
    Py_XDECREF(old)
    return 0


cdef int set_label(Value node, label) except -1:
    cdef Extra *extra = extra_of(node)
    if type(label) is not str:
        own_of(node)  # it may refer to anything
    return replace(&extra.label, label)


ctypedef int (*initproc)(PyObject *, PyObject *, PyObject *)
ctypedef PyObject *(*newproc)(PyTypeObject *, PyObject *, PyObject *)
cdef initproc init_in_full
cdef newproc new_in_full
cdef object name_of_label = intern("label")
cdef object name_of_required = intern("requires_grad")


cdef PyObject *new(PyTypeObject *type, PyObject *given, PyObject *named) except NULL:
    """`__new__`, quick where a freed Value can be used again."""
    cdef Value node
    if type != type_of_values or free_count == 0:
        return new_in_full(type, given, named)
    node = new_node()
    node.number = NAN
    node.partial_a = node.partial_b = 0.0
    Py_INCREF(node)
    return <PyObject *> node


cdef int init(PyObject *self, PyObject *given, PyObject *named) except -1:
    """`__init__`, quick for a number, or a number and a label."""
    cdef Value node = <Value> self
    cdef Py_ssize_t n = PyTuple_GET_SIZE(<object> given)
    cdef PyObject *label = NULL
    cdef bint plain = node.extra == NULL and not has_parents(node) and (n == 1 or n == 2)
    if n == 2:
        label = PyTuple_GET_ITEM(<object> given, 1)
    if named != NULL and PyDict_GET_SIZE(named):
        plain = plain and n == 1 and PyDict_GET_SIZE(named) == 1
        label = PyDict_GetItemWithError(named, <PyObject *> name_of_label) if plain else NULL
        plain = label != NULL
    if not plain or (label != NULL and type(<object> label) is not str):
        return init_in_full(self, given, named)
    begin(node, PyTuple_GET_ITEM(<object> given, 0), label, True)
    return 0


cdef inline int begin(Value node, PyObject *data, PyObject *label, bint required) except -1:
    node.number = (
        PyFloat_AS_DOUBLE(<object> data) if type(<object> data) is float
        else as_float(<object> data)
    )
    node.gradient.grad = 0.0
    node.flags = REQUIRES_GRAD if required else 0
    read_modes()
    set_scope(node)
    if label != NULL and <object> label:
        set_label(node, <object> label)
    return 0


cdef object called(PyObject *kind, PyObject **given, size_t flagged, PyObject *names):
    """`Value(...)`, without a tuple and a dict for a number, a label and `requires_grad`."""
    cdef Py_ssize_t i
    cdef Py_ssize_t n = PyVectorcall_NARGS(flagged)
    cdef Py_ssize_t named = PyTuple_GET_SIZE(<object> names) if names != NULL else 0
    cdef PyObject *label = given[1] if n == 2 else NULL
    cdef PyObject *required = NULL
    cdef PyObject *name
    cdef bint plain = (n == 1 or n == 2) and init_of(type_of_values) == <void *> init and (
        new_of(type_of_values) == <void *> new
    )
    for i in range(named):
        name = PyTuple_GET_ITEM(<object> names, i)
        if name == <PyObject *> name_of_label and n == 1:
            label = given[n + i]
        elif name == <PyObject *> name_of_required:
            required = given[n + i]
        else:
            plain = False
    if not plain or (label != NULL and type(<object> label) is not str):
        return called_in_full(kind, given, n, names, named)
    node = <object> new(type_of_values, NULL, NULL)
    Py_DECREF(node)  # Cython has taken a reference of its own
    begin(<Value> node, given[0], label, required == NULL or <object> required)
    return node


cdef called_in_full(
    PyObject *kind, PyObject **given, Py_ssize_t n, PyObject *names, Py_ssize_t named
):
    cdef Py_ssize_t i
    arguments = tuple([<object> given[i] for i in range(n)])
    by_name = {
        <object> PyTuple_GET_ITEM(<object> names, i): <object> given[n + i] for i in range(named)
    }
    return call_in_full(kind, <PyObject *> arguments, <PyObject *> by_name)


cdef int in_full(Value node, label, made) except -1:
    """The rest of `__init__`: a label, and what `made_by_hand.read` found of a node made by hand."""
    cdef Extra *extra = extra_of(node)
    cdef tuple children = ()
    op, partials = "", ()
    if made is not None:
        label, children, op, partials, required = made
        if not required:
            node.flags &= ~REQUIRES_GRAD
    if children:
        take_operands(node, children, partials)
    set_label(node, label)
    replace(&node.extra.op, op)
    node.rule = 0
    if children and anomaly:
        modes.check_forward(op, node, node.parents)
    return 0


cdef int take_operands(Value node, tuple children, tuple partials) except -1:
    """Make `children`, Values and floats, the operands of a leaf."""
    cdef Py_ssize_t i
    cdef Extra *old = node.extra
    cdef bint wanted = node.flags & REQUIRES_GRAD != 0
    cdef Extra *extra = extra_for(len(children))
    if old != NULL:
        extra.label, extra.op, extra.scope = old.label, old.op, old.scope
        extra.made_at, extra.own = old.made_at, old.own
        PyMem_RawFree(old)
    node.extra = extra
    node.flags = (node.flags & ~REQUIRES_GRAD) | MANY
    for i in range(len(children)):
        take(node, i, <PyObject *> children[i])
        extra.partials[i] = partials[i]
    if not wanted:
        node.flags &= ~REQUIRES_GRAD
    return 0


cdef inline int check_self(thing, missing) except -1:
    """`Value.zero_grad(1.0)`: Cython does not look at what a method is called on."""
    if not isinstance(thing, Value):
        raise not_there(thing, missing)
    return 0


cdef inline bint is_value(thing):
    """Whether `thing` is a Value, also of a subclass."""
    return type(thing) is Value or (type(thing) is not float and isinstance(thing, Value))


# --- what a user hangs on a Value ------------------------------------------------------

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


cdef int pass_on_once(Value node) except -1:
    if not node.flags & ARRIVED:
        return 0
    if node.extra != NULL and node.extra.op != NULL and type(<object> node.extra.op) is Unknown:
        made_by_hand.refuse_unknown(node)
    pass_on(node)
    return 0


include "cycles.pxi"


# --- modes -----------------------------------------------------------------------
# The Modes object in force is read at every node, so its parts are kept until another is.

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


cdef object names_outside = None  # the Modes object that `names_inside` belongs to
cdef dict names_inside = {}  # the name of a scope -> the Modes inside it
cdef dict all_names_inside = {}  # the same for every Modes object


@cython.final
@cython.no_gc  # it holds texts and tuples of them
cdef class scope:
    __doc__ = modes.scope.__doc__

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


# --- making nodes ------------------------------------------------------------------

cdef int mask_of(chooses) except -1:
    """The operands of a choice, as in `choosing_rules`."""
    return sum([1 << i for i in range(8) if i in chooses])


names_of_rules = [rule_names[i].decode() for i in range(rule_count + 1)]
# The rules derived from those of `ops` are made when they are first asked for.
rules = [None] + [getattr(ops, name, None) for name in names_of_rules[1:]]
cdef dict rule_numbers = {rule: i for i, rule in enumerate(rules) if rule is not None}
cdef dict masks = {
    rule: mask_of(facts.chooses) for rule, facts in ops.TABLE.items() if facts.chooses
}  # as in `choosing_rules`
cdef dict derived_numbers = {
    name: i for i, name in enumerate(names_of_rules) if i > own_rule_count
}


def adopt(rule):
    """Compute `rule`, derived from the rules of `ops`, natively where that is possible."""
    cdef int number = derived_numbers.get(rule.__name__, 0)
    if number:
        rules[number] = rule
        names_of_rules[number] = rule.__name__
        rule_numbers[rule] = number
    elif rule.chooses:
        masks[rule] = mask_of(rule.chooses)


def apply(rule, *given):
    return make(rule, given)


def constant(number):
    cdef Value made = new_node()
    made.number = PyFloat_AS_DOUBLE(number) if type(number) is float else as_float(number)
    read_modes()
    set_scope(made)
    return made


def evaluate(rule, *given):
    """`rule` on Values and numbers: a node if there is a Value among them, else a float."""
    cdef Given operands = Given(items_of(given), PyTuple_GET_SIZE(given), NULL, 0)
    if holds_value(&operands):
        return make(rule, given)
    numbers = tuple([as_float(number) for number in given])
    return in_python(rule, numbers, None)[0]


def dot(x, y):
    if type(x) is not list:
        x = list(x) if isinstance(x, list) else as_list("dot", x)
    if type(y) is not list:
        y = list(y) if isinstance(y, list) else as_list("dot", y)
    if len(x) != len(y):
        raise errors.ShapeError(f"dot of {len(x)} and {len(y)} elements: the lengths must agree")
    cdef Given given = Given(items_of(x), len(x), items_of(y), len(y))
    if holds_other_numbers(&given):  # reading them may run code that changes the lists
        return evaluate(ops_dot, *x, *y)
    if not holds_value(&given):
        return evaluate(ops_dot, *x, *y)
    return as_kind(kind_of(&given) if subclassed else None, many(ops_dot, RULE_dot, &given))


cdef object ops_dot = ops.dot

cdef struct Given:
    # The operands of a call, borrowed from one or two tuples or lists.
    PyObject **first
    Py_ssize_t first_count
    PyObject **second
    Py_ssize_t second_count


cdef inline PyObject *item(Given *given, Py_ssize_t i) noexcept:
    return given.first[i] if i < given.first_count else given.second[i - given.first_count]


cdef bint holds_other_numbers(Given *given) noexcept:
    """Whether there is anything but Values and floats."""
    cdef Py_ssize_t i
    for i in range(given.first_count + given.second_count):
        if type(<object> item(given, i)) is not float and not is_value(<object> item(given, i)):
            return True
    return False


cdef bint holds_value(Given *given) noexcept:
    cdef Py_ssize_t i
    for i in range(given.first_count + given.second_count):
        if is_value(<object> item(given, i)):
            return True
    return False


cdef Value make(rule, tuple given):
    cdef Given operands = Given(items_of(given), PyTuple_GET_SIZE(given), NULL, 0)
    return as_kind(kind_of(&operands) if subclassed else None, make_plain(rule, given))


cdef bint subclassed = False  # whether there has ever been a Value of a subclass


cdef object kind_of(Given *given):
    """The class of a result: None for Value itself, else that of its operands."""
    cdef Py_ssize_t i
    kind = None
    for i in range(given.first_count + given.second_count):
        operand = <object> item(given, i)
        if type(operand) is not Value and is_value(operand):
            if kind is None or len(type(operand).__mro__) > len(kind.__mro__):
                kind = type(operand)
    return kind


cdef Value as_kind(kind, Value node):
    """`node`, just made, as an instance of a subclass; it is itself the one reference to it."""
    cdef Value out
    if kind is None:
        return node
    out = Value.__new__(kind)
    out.number, out.partial_a, out.partial_b = node.number, node.partial_a, node.partial_b
    out.a, out.b, out.rule, out.scope_number = node.a, node.b, node.rule, node.scope_number
    out.flags = node.flags
    if node.extra != NULL:
        node.extra.own, out.extra.own = out.extra.own, NULL
        PyMem_RawFree(out.extra)
        out.extra, node.extra = node.extra, NULL
    node.a.value = node.b.value = NULL
    node.flags = 0
    return out


cdef Value make_plain(rule, tuple given):
    cdef Py_ssize_t n = PyTuple_GET_SIZE(given)
    cdef int number = rule_numbers.get(rule, 0)
    cdef char kind = rule_kinds[number]
    cdef object first, second
    if kind == c"u" and n == 1:
        first = given[0]
        return unary(number, first if is_value(first) else constant(first))
    if kind == c"b" and n == 2:
        first, second = given[0], given[1]
        if not is_value(first) and not is_value(second):
            first = constant(first)
        return binary(
            number,
            first if is_value(first) else <object> as_float(first),
            second if is_value(second) else <object> as_float(second),
        )
    cdef Given operands = Given(items_of(given), n, NULL, 0)
    return many(rule, number if kind == c"s" else 0, &operands)


cdef inline object binary_operator(left, right, int number):
    """`binary` of a Value and whatever stands beside it in an expression."""
    if (type(left) is Value or type(left) is float) and (
        type(right) is Value or type(right) is float
    ):
        return binary(number, left, right)
    return converted_operator(left, right, number)


cdef object converted_operator(left, right, int number):
    """`binary` of other numbers; other types get their own chance (NumPy arrays)."""
    if not is_value(left):
        left = as_operand(left)
    if not is_value(right):
        right = as_operand(right)
    if left is NotImplemented or right is NotImplemented:
        return NotImplemented
    return make(rules[number], (left, right))


cdef object operator_in_python(rule, left, right):
    """The same for a rule that has no C."""
    if not is_value(left):
        left = as_operand(left)
    if not is_value(right):
        right = as_operand(right)
    if left is NotImplemented or right is NotImplemented:
        return NotImplemented
    return make(rule, (left, right))


cdef inline Value unary(int number, Value x):
    cdef Value out = new_node()
    cdef bint watching
    out.number = unary_rule(number, x.number, &out.partial_a)
    if not (isfinite(out.number) and isfinite(out.partial_a)):
        unary_in_python(out, number, x)
    read_modes()
    watching = anomaly
    set_scope(out)
    if recording:
        Py_INCREF(x)
        out.a.value = <PyObject *> x
        out.rule = number
        out.flags = x.flags & REQUIRES_GRAD
    if watching:
        watch(number, out, x, None)
    return out


cdef int unary_in_python(Value out, int number, Value x) except -1:
    out.number, out.partial_a = in_python(rules[number], (x.number,), (x,))
    return 0


cdef inline Value binary(int number, left, right):
    """The node of two operands, at least one a Value, the other a Value or a float."""
    cdef Value out = new_node()
    cdef bint left_is_value = type(left) is not float
    cdef bint right_is_value = type(right) is not float
    cdef bint watching
    cdef double x = (<Value> left).number if left_is_value else PyFloat_AS_DOUBLE(left)
    cdef double y = (<Value> right).number if right_is_value else PyFloat_AS_DOUBLE(right)
    out.number = binary_rule(number, x, y, &out.partial_a, &out.partial_b)
    # The partial by a plain number is nobody's gradient: it may be what it likes.
    if not (
        isfinite(out.number)
        and (isfinite(out.partial_a) or not left_is_value)
        and (isfinite(out.partial_b) or not right_is_value)
    ):
        binary_in_python(out, number, left, right)
    read_modes()
    watching = anomaly
    set_scope(out)
    if recording:
        out.rule = number
        if left_is_value:
            Py_INCREF(left)
            out.a.value = <PyObject *> left
            out.flags = (<Value> left).flags & REQUIRES_GRAD
        else:
            out.a.number = x
            out.flags = A_NUMBER
        if right_is_value:
            Py_INCREF(right)
            out.b.value = <PyObject *> right
            out.flags |= (<Value> right).flags & REQUIRES_GRAD
        else:
            out.b.number = y
            out.flags |= B_NUMBER
    if watching:
        watch(number, out, left, right)
    return out


cdef int binary_in_python(Value out, int number, left, right) except -1:
    x = left if type(left) is float else (<Value> left).number
    y = right if type(right) is float else (<Value> right).number
    out.number, out.partial_a, out.partial_b = in_python(rules[number], (x, y), (left, right))
    return 0


cdef Value many(rule, int number, Given *given):
    """The node of any number of operands, by the C of rule `number` or by `rule` in Python."""
    cdef Py_ssize_t i, n = given.first_count + given.second_count
    cdef Value out = new_node()
    cdef bint keeping, watching
    cdef double few[64]
    cdef double *numbers = few
    out.extra = extra_for(n)
    out.flags = MANY if n else 0
    if n > 64:
        numbers = <double *> PyMem_RawMalloc(n * sizeof(double))
        if numbers == NULL:
            raise MemoryError()
    try:
        for i in range(n):
            numbers[i] = take(out, i, item(given, i))
        if not (number and sequence_in_c(out, number, numbers, n)):
            many_in_python(rule, out, numbers, given)
    finally:
        if numbers != few:
            PyMem_RawFree(numbers)
    read_modes()
    keeping, watching = recording, anomaly
    set_scope(out)
    if number:
        out.rule = number
    else:
        replace(&out.extra.op, rule.__name__)
        out.extra.chooses = masks.get(rule, 0)
    if not keeping:
        out = detached(out)
    if watching:
        watch_many(rule, out, as_tuple(given))
    return out


def rebuilt(data, op, tuple parents, tuple partials, kind=None):
    """A node from its parts: what pickle and deepcopy restore."""
    cdef Value out = new_node()
    if len(parents) != len(partials):
        raise ValueError(f"{len(partials)} partials for {len(parents)} parents")
    out.number = data
    out.flags = REQUIRES_GRAD
    if parents:
        take_operands(out, parents, partials)
    if op:
        replace(&extra_of(out).op, op)
        out.extra.chooses = mask_of(ops.chooses(op))
    return as_kind(kind, out)


cdef Value detached(Value node):
    cdef Value leaf = new_node()
    leaf.number = node.number
    number_scope(leaf, node.scope)
    return leaf


cdef Extra *extra_for(Py_ssize_t n) except NULL:
    """An Extra with room for `n` operands behind it, in one block."""
    cdef Extra *extra = <Extra *> PyMem_RawMalloc(
        sizeof(Extra) + n * (sizeof(Operand) + sizeof(double) + 1)
    )
    if extra == NULL:
        raise MemoryError()
    memset(extra, 0, sizeof(Extra))
    extra.operands = <Operand *> (extra + 1)
    extra.partials = <double *> (extra.operands + n)
    extra.is_number = <char *> (extra.partials + n)
    return extra


cdef inline double take(Value out, Py_ssize_t i, PyObject *operand) except? -1.0:
    """Make `operand` number `i` of `out`, and return its number."""
    cdef Extra *extra = out.extra
    cdef double number
    if is_value(<object> operand):
        Py_INCREF(<object> operand)
        extra.operands[i].value = operand
        out.flags |= (<Value> operand).flags & REQUIRES_GRAD
        number = (<Value> operand).number
        extra.is_number[i] = 0
    else:
        if type(<object> operand) is float:
            number = PyFloat_AS_DOUBLE(<object> operand)
        else:
            number = as_float(<object> operand)
        extra.operands[i].number = number
        extra.is_number[i] = 1
    extra.count = i + 1
    return number


cdef int many_in_python(rule, Value out, const double *numbers, Given *given) except -1:
    cdef Py_ssize_t i, n = out.extra.count
    result = in_python(rule, tuple([numbers[i] for i in range(n)]), as_tuple(given))
    result = checked(rule, result, n)
    remember_by_name(rule)
    out.number = result[0]
    for i in range(n):
        out.extra.partials[i] = result[1 + i]
    return 0


cdef tuple as_tuple(Given *given):
    cdef Py_ssize_t i
    return tuple(
        [<object> item(given, i) for i in range(given.first_count + given.second_count)]
    )


cdef bint sequence_in_c(Value out, int number, const double *numbers, Py_ssize_t n) noexcept:
    out.number = sequence_rule(number, numbers, n, out.extra.partials)
    return isfinite(out.number) and all_finite(out.extra.partials, n)


cdef object in_python(rule, tuple numbers, operands):
    """What the rule itself says: infinities, nan, and errors that name the operands."""
    try:
        return rule(*numbers)
    except (ValueError, ArithmeticError) as error:
        labels = [x.label if isinstance(x, Value) else "" for x in operands or numbers]
        raise errors.refusal(rule.__name__, zip(numbers, labels), error) from None


cdef int watch(int number, Value node, left, right) except -1:
    return watch_many(rules[number], node, (left,) if right is None else (left, right))


cdef int watch_many(rule, Value node, tuple operands) except -1:
    values = [x if isinstance(x, Value) else constant(x) for x in operands]
    modes.check_forward(rule.__name__, node, values)
    return 0


# --- sorting and backward ------------------------------------------------------------

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
                    if watching and passes_by_hand(<Value> items[i]):
                        modes.check_passed_by_hand(<Value> items[i])
                elif (<Value> items[i]).flags & ARRIVED:
                    pass_on(<Value> items[i])
    finally:
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


def zero_grad(values):
    for node in values:
        if type(node) is Value:
            (<Value> node).gradient.grad = 0.0
            (<Value> node).flags &= ~(REACHED | ARRIVED)
        else:
            node.zero_grad()


# --- sweeps for the transforms: see `sweeps.py` -------------------------------------------

# They stay among the nodes that may depend on `inputs`: what was made before the first of these
# does not. While Python cannot run, VISITED says which nodes those are.

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


cdef struct Second:
    double tangent
    double upstream
    double change  # of the upstream gradient
    char moves, arrived, changes  # whether there is a tangent, an upstream gradient, a change


def second_sweep(Value root not None, list inputs not None, tangents):
    # Python may run below, and with it other sweeps: so nothing stays in the nodes meanwhile.
    cdef Nodes nodes = Nodes(NULL, 0, 0)
    cdef Before *before = NULL
    cdef Second *seconds = NULL
    cdef Py_ssize_t *places = NULL
    cdef Py_ssize_t i, count, here
    cdef list own = list(inputs)
    moving = numbers_of(inputs, tangents)
    try:
        try:
            before = begin_sweep(root, inputs, &nodes)
            count = nodes.count - len(inputs)
            forward(&nodes, inputs, moving)
            seconds = <Second *> PyMem_RawMalloc((nodes.count + 1) * sizeof(Second))
            if seconds == NULL:
                raise MemoryError()
            for i in range(nodes.count):
                seconds[i] = Second((<Value> nodes.items[i]).gradient.grad, 0.0, 0.0, 0, 0, 0)
                seconds[i].moves = (<Value> nodes.items[i]).flags & ARRIVED
            for i in range(nodes.count - 1, -1, -1):
                (<Value> nodes.items[i]).gradient.grad = i
            places = places_of_parents(&nodes, count, &here)
            for i in range(len(inputs)):
                own[i] = <Py_ssize_t> (<Value> inputs[i]).gradient.grad
            if count:  # else the root was made before
                seconds[count - 1].upstream, seconds[count - 1].arrived = 1.0, 1
        finally:
            put_back(&nodes, before)
        for i in range(count - 1, -1, -1):
            here -= operand_count(<Value> nodes.items[i])
            if seconds[i].arrived:
                second_of(<Value> nodes.items[i], &seconds[i], places + here, seconds)
        return [seconds[i].upstream for i in own], [seconds[i].change for i in own]
    finally:
        PyMem_RawFree(nodes.items)
        PyMem_RawFree(seconds)
        PyMem_RawFree(places)


cdef Py_ssize_t *places_of_parents(
    Nodes *nodes, Py_ssize_t count, Py_ssize_t *total
) except NULL:
    """Where the operands of all nodes are, while `gradient` says so; -1 where none is wanted."""
    cdef Py_ssize_t i, j
    cdef Py_ssize_t *places
    cdef Value node
    total[0] = 0
    for i in range(count):
        total[0] += operand_count(<Value> nodes.items[i])
    places = <Py_ssize_t *> PyMem_RawMalloc((total[0] + 1) * sizeof(Py_ssize_t))
    if places == NULL:
        raise MemoryError()
    total[0] = 0
    for i in range(count):
        node = <Value> nodes.items[i]
        for j in range(operand_count(node)):
            places[total[0]] = place_of_parent(node, j)
            total[0] += 1
    return places


cdef inline bint is_number(Value node, Py_ssize_t i) noexcept:
    if node.flags & MANY:
        return node.extra.is_number[i]
    return node.flags & (B_NUMBER if i else A_NUMBER) != 0


cdef inline Operand *operand(Value node, Py_ssize_t i) noexcept:
    if node.flags & MANY:
        return &node.extra.operands[i]
    return &node.b if i else &node.a


cdef inline Py_ssize_t place_of_parent(Value node, Py_ssize_t i) noexcept:
    cdef unsigned char wanted = VISITED | REQUIRES_GRAD
    if not node.flags & REQUIRES_GRAD or is_number(node, i):
        return -1
    if (<Value> operand(node, i).value).flags & wanted != wanted:
        return -1
    return <Py_ssize_t> (<Value> operand(node, i).value).gradient.grad


cdef inline double number_of(Value node, Py_ssize_t i) noexcept:
    if is_number(node, i):
        return operand(node, i).number
    return (<Value> operand(node, i).value).number


cdef int second_of(
    Value node, Second *above, const Py_ssize_t *places, Second *seconds
) except -1:
    """Pass the gradient of `node` and its change on to the parents."""
    cdef Py_ssize_t i, n = operand_count(node)
    # Tangents, changes, numbers, whether a partial changes at all, and room to find that out.
    cdef double few[320]
    cdef double *tangents = few
    cdef double *changes
    cdef Second *below
    cdef bint moving = False
    if n > 64:
        tangents = <double *> PyMem_RawMalloc(5 * n * sizeof(double))
        if tangents == NULL:
            raise MemoryError()
    changes = tangents + n
    try:
        for i in range(n):
            tangents[i] = seconds[places[i]].tangent if places[i] >= 0 else 0.0
            changes[2 * n + i] = 0.0
            moving = moving or (places[i] >= 0 and seconds[places[i]].moves)
        if n and (moving or above.changes):
            changes_of_partials(node, n, places, seconds, tangents, changes, moving)
        for i in range(n):
            if places[i] >= 0 and passes(node, i):
                below = &seconds[places[i]]
                below.upstream += above.upstream * partial(node, i)
                below.arrived = 1
                if above.changes:  # where nothing changes, an infinite partial is no matter
                    below.change += above.change * partial(node, i)
                    below.changes = 1
                if changes[2 * n + i] != 0.0:
                    below.change += above.upstream * changes[i]
                    below.changes = 1
    finally:
        if tangents != few:
            PyMem_RawFree(tangents)
    return 0


cdef int changes_of_partials(
    Value node,
    Py_ssize_t n,
    const Py_ssize_t *places,
    Second *seconds,
    double *tangents,
    double *changes,
    bint moving,
) except -1:
    """How fast the partials of `node` change along `tangents`, and which of them do."""
    cdef Py_ssize_t i
    cdef double *numbers = changes + n
    cdef double *any_change = changes + 2 * n
    cdef bint known
    for i in range(n):
        numbers[i] = number_of(node, i)
    if node.rule and not (kinked_rules[node.rule] and may_be_at_kink(node)):
        if not moving:
            return 0
        if node.flags & MANY:
            known = changes_of_many(node, n, places, seconds, tangents, changes, numbers)
        else:
            known = changes_of_few(node, n, places, seconds, tangents, changes, numbers)
        if known and all_finite(changes, n):
            return 0
    from autograd.calculus import tangents as second
    from autograd.support.provenance import rule_of

    found = second.changes_of_partials(
        rule_of(node),
        [numbers[i] for i in range(n)],
        [tangents[i] if places[i] >= 0 and seconds[places[i]].moves else None for i in range(n)],
    )
    for i in range(n):
        any_change[i] = found[i] is not None
        changes[i] = found[i] or 0.0
    return 0


cdef inline bint moves(const Py_ssize_t *places, Second *seconds, Py_ssize_t i) noexcept:
    return places[i] >= 0 and seconds[places[i]].moves


cdef bint may_be_at_kink(Value node) noexcept:
    """False where a rule with a kink is surely not at it: calculus/tangents.py looks more closely."""
    cdef Py_ssize_t i
    cdef bint found = node.number == 0.0
    for i in range(operand_count(node)):
        found = found or partial(node, i) != partial(node, i)
        found = found or (choosing_rules[node.rule] and 0.0 < partial(node, i) < 1.0)
    return found


cdef bint changes_of_many(
    Value node,
    Py_ssize_t n,
    const Py_ssize_t *places,
    Second *seconds,
    const double *tangents,
    double *changes,
    const double *numbers,
) noexcept:
    """The changes of the partials of a sequence, and which may change; false where there is no C.

    As in calculus/tangents.py: what an operand moves, it makes nan by moving so.
    """
    cdef Py_ssize_t i, half = n // 2
    cdef double *any_change = changes + 2 * n
    cdef double *probe = changes + 3 * n
    cdef bint finds_zero = False
    cdef int known = sequence_tangent(node.rule, numbers, tangents, n, changes)
    if known != 1:
        return known == 2  # they are fixed
    for i in range(n):
        any_change[i] = 1.0
        finds_zero = finds_zero or changes[i] == 0.0
    if node.rule == RULE_dot:
        for i in range(n):
            any_change[i] = moves(places, seconds, i + half if i < half else i - half)
    elif finds_zero:
        for i in range(n):
            probe[i] = NAN if moves(places, seconds, i) else 0.0
        sequence_tangent(node.rule, numbers, probe, n, any_change)
        for i in range(n):
            any_change[i] = any_change[i] != any_change[i]
    return True


cdef bint changes_of_few(
    Value node,
    Py_ssize_t n,
    const Py_ssize_t *places,
    Second *seconds,
    const double *tangents,
    double *changes,
    const double *numbers,
) noexcept:
    """The same for one or two operands."""
    cdef Py_ssize_t i, j
    cdef double by[2]
    cdef double *any_change = changes + 2 * n
    cdef int how
    for i in range(n):
        how = derived_rules[node.rule][i]
        changes[i] = any_change[i] = 0.0
        if how == NUMBER or is_number(node, i):
            continue
        if how == OPERAND_A or how == OPERAND_B:
            j = 0 if how == OPERAND_A else 1
            changes[i], any_change[i] = tangents[j], moves(places, seconds, j)
            continue
        if how == 0:
            return False
        if how == ITSELF:
            how = node.rule
            by[0], by[1] = node.partial_a, node.partial_b
        elif n == 1:
            unary_rule(how, numbers[0], &by[0])
        else:
            binary_rule(how, numbers[0], numbers[1], &by[0], &by[1])
        for j in range(n):
            if moves(places, seconds, j) and not (by[j] == 0.0 and choosing_rules[how] >> j & 1):
                changes[i] += by[j] * tangents[j]
                any_change[i] = 1.0
    return True


cdef bint all_finite(const double *numbers, Py_ssize_t n) noexcept:
    cdef Py_ssize_t i
    for i in range(n):
        if not isfinite(numbers[i]):
            return False
    return True


# --- many parameters at once: what the optimisers need --------------------------------

def read_parameters(list parameters, array numbers, array gradients):
    """Copy data and gradients into arrays of doubles; whether all require a gradient."""
    cdef Py_ssize_t i
    cdef PyObject **items = items_of(parameters)
    cdef double *x = numbers.data.as_doubles
    cdef double *g = gradients.data.as_doubles
    cdef unsigned char required = REQUIRES_GRAD
    check_lengths(parameters, numbers)
    check_lengths(parameters, gradients)
    for i in range(len(parameters)):
        check_leaf(items[i])
        x[i] = (<Value> items[i]).number
        g[i] = (<Value> items[i]).gradient.grad
        required &= (<Value> items[i]).flags
    return bool(required)


def write_parameters(list parameters, array numbers):
    """Copy an array of doubles into the data of leaves."""
    cdef Py_ssize_t i
    cdef PyObject **items = items_of(parameters)
    cdef double *x = numbers.data.as_doubles
    check_lengths(parameters, numbers)
    for i in range(len(parameters)):
        check_leaf(items[i])
        (<Value> items[i]).number = x[i]


cdef int check_lengths(list parameters, array numbers) except -1:
    if len(parameters) != len(numbers):
        raise errors.ShapeError(f"{len(parameters)} parameters, but {len(numbers)} numbers")
    if numbers.typecode != "d":
        raise TypeError("the numbers must be doubles: array('d')")
    return 0


cdef inline int check_leaf(PyObject *parameter) except -1:
    if not is_value(<object> parameter) or has_parents(<Value> parameter):
        raise errors.GraphError(f"{<object> parameter!r} is no leaf")
    return 0


# --- the rest of the class, taken from the reference ------------------------------------

def elementwise(rule):
    """A function of numbers or Values, or of every element of arrays and nested lists."""
    cdef int number = rule_numbers.get(rule, 0)

    def unary_function(*given, **named):
        if len(given) == 1 and not named and type(given[0]) is Value:
            return unary(number, given[0])
        return evaluated(rule, operands_of(rule, *given, **named))

    def function(*given, **named):
        return evaluated(rule, operands_of(rule, *given, **named))

    return unary_function if rule_kinds[number] == c"u" else function


def evaluated(rule, given):
    """`rule` on numbers and Values, or on the elements of arrays and nested lists."""
    try:
        return evaluate(rule, *given)
    except errors.NumberError:
        if not holds_elements(given):
            raise
    return by_element(rule.__name__, elementwise(rule), given)


def loop_of(rule, otherwise):
    """What NumPy calls for the elements of arrays: `rule`, or `otherwise` where that decides."""
    cdef int number = rule_numbers.get(rule, 0)
    cdef bint extreme = rule is ops.maximum or rule is ops.minimum

    def unary_loop(x):
        return unary(number, x) if type(x) is Value else otherwise(x)

    def binary_loop(x, y):
        if type(x) is not Value or (type(y) is not Value and type(y) is not float):
            return otherwise(x, y)
        if extreme and ((<Value> x).extra != NULL or (<Value> x).number == number_in(y)):
            return otherwise(x, y)
        return binary(number, x, y)

    return {c"u": unary_loop, c"b": binary_loop}.get(rule_kinds[number], otherwise)


cdef inline double number_in(x) noexcept:
    return (<Value> x).number if type(x) is Value else PyFloat_AS_DOUBLE(x)


def method_of(rule):
    """A method that applies `rule` to the Value and the operands it is called with."""
    cdef int number = rule_numbers.get(rule, 0)

    def unary_method(self, *others, **named):
        if type(self) is Value and not others and not named:
            return unary(number, self)
        return make(rule, operands_of(rule, self, *others, **named))

    def method(self, *others, **named):
        return make(rule, operands_of(rule, self, *others, **named))

    return unary_method if rule_kinds[number] == c"u" else method


def init_subclass(cls, **named):
    super(Value, cls).__init_subclass__(**named)
    made_by_hand.check_subclass(cls, Value)


def complete():
    """Give the class what the reference class has and this one does not define itself."""
    cdef dict attributes = <dict> type_dict(Value)
    attributes["__init_subclass__"] = classmethod(init_subclass)
    for name, thing in {**vars(Node), **vars(value.Value)}.items():
        rule = getattr(ops, getattr(thing, "__name__", ""), None)
        if name in attributes and type(attributes[name]) is type(complete):
            attributes[name].__doc__ = thing.__doc__
        if name in attributes or name == "__slots__" or name in Node.__slots__:
            continue
        if rule in ops.TABLE:
            attributes[name] = method_of(rule)
            attributes[name].__name__ = rule.__name__
            attributes[name].__doc__ = thing.__doc__
        else:
            attributes[name] = thing
    for function in (apply, constant, topological_order, zero_grad):
        function.__doc__ = getattr(value, function.__name__).__doc__
    PyType_Modified(<PyTypeObject *> Value)


complete()
engines_own_step = Value._backward
cdef PyTypeObject *type_of_values = <PyTypeObject *> Value
type_of_values.tp_name = b"autograd.Value"
# As of any class written in Python: methods can be added.
type_of_values.tp_flags &= ~Py_TPFLAGS_IMMUTABLETYPE
type_of_values.tp_dealloc = <destructor> free_node
numpy_support.register(Value, apply, loop_of)
pickling.register(Value, __name__)
use_to_set_attributes(type_of_values, <setattrofunc> set_attribute)
init_in_full = <initproc> init_of(type_of_values)
use_to_init(type_of_values, <void *> init)
# What `super().__setattr__` and `super().__init__` of a subclass call.
for name, function in (
    ("__setattr__", <uintptr_t> <void *> set_attribute),
    ("__delattr__", <uintptr_t> <void *> set_attribute),
    ("__init__", <uintptr_t> <void *> init),
):
    descriptor = type_dict_item(name)
    use_to_wrap(<PyObject *> descriptor, <void *> <uintptr_t> function)
new_in_full = <newproc> new_of(type_of_values)
use_to_make(type_of_values, <void *> new)
use_to_call(type_of_values, <void *> called)
