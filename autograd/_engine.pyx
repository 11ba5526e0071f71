# cython: language_level=3, annotation_typing=False, binding=True
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The engine of `value.py`, compiled: the same class and functions, bit for bit.

Read `value.py`; what differs here is only how it is stored and walked. The
arithmetic is not written here at all: `_rules.h` is printed from `ops.py` at
build time. Where C gives something that is not finite, or has no rule, the
rule in Python decides, so errors and infinities are its own.

Storage: a Value of one or two operands is 80 bytes. A number that entered an
expression sits in the slot of its operand until someone looks at `parents`. A
label, more operands or a rule without C go into `Extra`, allocated when needed.
Graphs have no cycles, so there is nothing for the garbage collector.
"""

cimport cython
from cpython.array cimport array
from cpython.contextvars cimport PyContextVar_Get, PyContextVar_Reset, PyContextVar_Set
from cpython.float cimport PyFloat_AS_DOUBLE
from cpython.mem cimport PyMem_RawCalloc, PyMem_RawFree, PyMem_RawMalloc, PyMem_RawRealloc
from cpython.object cimport PyObject, PyTypeObject, destructor
from cpython.ref cimport Py_DECREF, Py_INCREF, Py_XDECREF
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.math cimport isfinite
from libc.stdint cimport uintptr_t
from libc.string cimport memset

from autograd import errors, hooks, modes, numpy_support, ops, pickling, value
from autograd.checks import as_float, as_list, as_operand, checked, operands as operands_of

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
    unsigned long Py_TPFLAGS_BASETYPE
    void PyObject_Free(void *memory)

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
    #if defined(__GNUC__)
    #define prefetch(address) __builtin_prefetch(address, 1)
    #else
    #define prefetch(address)
    #endif
    """
    void prefetch(const void *address) nogil
    PyObject *type_dict(object type)  # borrowed
    PyObject **items_of(object sequence)
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

cdef union Operand:
    PyObject *value  # a Value, of which we own a reference
    double number

cdef struct Extra:
    PyObject *label  # owned, or NULL for ""
    PyObject *op  # owned; the name of a rule without a number
    PyObject *scope  # owned; a scope without a number
    PyObject *made_at  # owned; set by detect_anomaly
    PyObject *hooks  # owned; a dict
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
    cdef unsigned int mark  # the last sort that visited this node
    cdef unsigned short scope_number
    cdef unsigned char rule  # its number in `_rules.h`; 0: none, or in `extra`
    cdef unsigned char flags

    def __init__(self, data, label="", *, requires_grad=True):
        if has_parents(self) or self.extra != NULL:
            raise errors.GraphError("__init__ of a Value that is in use: make another one")
        self.number = PyFloat_AS_DOUBLE(data) if type(data) is float else as_float(data)
        self.gradient.grad = 0.0
        self.flags = REQUIRES_GRAD if requires_grad else 0
        read_modes()
        set_scope(self)
        if type(label) is not str or label:
            set_label(self, label)

    # --- what can be read and set ----------------------------------------------

    @property
    def data(self):
        return self.number

    @data.setter
    def data(self, number):
        if has_parents(self):
            raise errors.GraphError(
                f"{self.op} computed this data; assign to a leaf, or detach()"
            )
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
            PyFloat_AS_DOUBLE(number) if type(number) is float else as_float(number)
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
    def partials(self):
        cdef Py_ssize_t i
        return tuple([partial(self, i) for i in range(operand_count(self))])

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
        set_label(self, label)

    @property
    def scope(self):
        if self.scope_number == LAST_SCOPE:
            return <object> self.extra.scope
        return scopes[self.scope_number]

    @scope.setter
    def scope(self, scope):
        cdef Py_ssize_t i
        for i in range(operand_count(self)):
            parent(self, i)  # a number that becomes a constant later was there in the old scope
        number_scope(self, scope)

    @property
    def _made_at(self):
        if self.extra != NULL and self.extra.made_at != NULL:
            return <object> self.extra.made_at
        raise AttributeError("_made_at")

    @_made_at.setter
    def _made_at(self, made_at):
        cdef Extra *extra = extra_of(self)
        replace(&extra.made_at, made_at)

    @property
    def _hooks(self):
        if self.extra != NULL and self.extra.hooks != NULL:
            return <object> self.extra.hooks
        raise AttributeError("_hooks")

    @_hooks.setter
    def _hooks(self, hooks):
        cdef Extra *extra = extra_of(self)
        replace(&extra.hooks, hooks)

    @property
    def local_gradient(self):
        passing = list(zip(self.partials, value.passes(self.op, self.partials)))
        return lambda upstream: [upstream * partial if on else 0.0 for partial, on in passing]

    # --- backward --------------------------------------------------------------

    def _backward(self):
        if self.flags & ARRIVED:
            pass_on(self)

    def backward(self, gradient=1.0):
        cdef double upstream
        if not self.flags & REQUIRES_GRAD:
            raise errors.GraphError(
                "nothing here requires a gradient: made under no_grad, detached, or from numbers"
            )
        upstream = as_float(gradient)
        read_modes()
        run_backward(self, upstream, True)

    def zero_grad(self):
        self.gradient.grad = 0.0
        self.flags &= ~(REACHED | ARRIVED)

    def detach(self):
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

    def __neg__(self):
        return unary(RULE_neg, self)

    def __abs__(self):
        return unary(RULE_abs, self)

    def __lt__(self, other):
        other = (<Value> other).number if type(other) is Value else as_operand(other)
        return NotImplemented if other is NotImplemented else self.number < other

    def __le__(self, other):
        other = (<Value> other).number if type(other) is Value else as_operand(other)
        return NotImplemented if other is NotImplemented else self.number <= other

    def __gt__(self, other):
        other = (<Value> other).number if type(other) is Value else as_operand(other)
        return NotImplemented if other is NotImplemented else self.number > other

    def __ge__(self, other):
        other = (<Value> other).number if type(other) is Value else as_operand(other)
        return NotImplemented if other is NotImplemented else self.number >= other

    def __hash__(self):
        return object.__hash__(self)

    def __bool__(self):
        return self.number != 0.0

    def __float__(self):
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
    if free_count == 0:
        return Value.__new__(Value)
    free_count -= 1
    cdef Value node = revived(free_nodes[free_count])
    node.gradient.grad = 0.0
    node.a.value = node.b.value = NULL
    node.extra = NULL
    node.mark = 0
    node.scope_number = node.rule = node.flags = 0
    return node


cdef void free_node(PyObject *node) noexcept:
    # Iterative: dropping the last reference to a long chain must not recurse. A parent that
    # would die joins the list of the dying, and gives up its own parents before it goes.
    cdef PyObject *dying = node
    global free_count
    (<Value> node).gradient.next = NULL
    while dying != NULL:
        node = dying
        dying = drop_operands(<Value> node, (<Value> node).gradient.next)
        if (<Value> node).extra != NULL:
            free_extra((<Value> node).extra)
        if free_count < MOST_FREE:
            free_nodes[free_count] = node
            free_count += 1
        else:
            PyObject_Free(node)


cdef void free_extra(Extra *extra) noexcept:
    Py_XDECREF(extra.label)
    Py_XDECREF(extra.op)
    Py_XDECREF(extra.scope)
    Py_XDECREF(extra.made_at)
    Py_XDECREF(extra.hooks)
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
    return replace(&extra.label, label)


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
cdef class scope:
    __doc__ = modes.scope.__doc__

    cdef object name, token

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        cdef PyObject *found
        cdef dict names
        global names_outside, names_inside
        if self.token is not None:
            raise errors.GraphError(f"scope {self.name!r} is entered already: make another one")
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
        self.token = PyContextVar_Set(current_modes, inside)

    def __exit__(self, kind, error, traceback):
        PyContextVar_Reset(current_modes, self.token)
        self.token = None


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
    return many(ops_dot, RULE_dot, &given) if holds_value(&given) else evaluate(ops_dot, *x, *y)


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
        if type(<object> item(given, i)) is not Value and type(<object> item(given, i)) is not float:
            return True
    return False


cdef bint holds_value(Given *given) noexcept:
    cdef Py_ssize_t i
    for i in range(given.first_count + given.second_count):
        if type(<object> item(given, i)) is Value:
            return True
    return False


cdef Value make(rule, tuple given):
    cdef Py_ssize_t n = PyTuple_GET_SIZE(given)
    cdef int number = rule_numbers.get(rule, 0)
    cdef char kind = rule_kinds[number]
    cdef object first, second
    if kind == c"u" and n == 1:
        first = given[0]
        return unary(number, first if type(first) is Value else constant(first))
    if kind == c"b" and n == 2:
        first, second = given[0], given[1]
        if type(first) is not Value and type(second) is not Value:
            first = constant(first)
        return binary(
            number,
            first if type(first) is Value else <object> as_float(first),
            second if type(second) is Value else <object> as_float(second),
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
    if type(left) is not Value:
        left = as_operand(left)
    if type(right) is not Value:
        right = as_operand(right)
    if left is NotImplemented or right is NotImplemented:
        return NotImplemented
    return binary(number, left, right)


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
    cdef bint left_is_value = type(left) is Value
    cdef bint right_is_value = type(right) is Value
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
    x = (<Value> left).number if type(left) is Value else left
    y = (<Value> right).number if type(right) is Value else right
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


def rebuilt(data, op, tuple parents, tuple partials):
    """A node from its parts: what pickle and deepcopy restore."""
    cdef Py_ssize_t i
    cdef Value out = new_node()
    if len(parents) != len(partials):
        raise ValueError(f"{len(partials)} partials for {len(parents)} parents")
    out.number = data
    if parents:
        out.extra = extra_for(len(parents))
        out.flags = MANY
        replace(&out.extra.op, op)
        out.extra.chooses = mask_of(ops.chooses(op))
        for i in range(len(parents)):
            take(out, i, <PyObject *> parents[i])
            out.extra.partials[i] = partials[i]
    return out


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
    if type(<object> operand) is Value:
        Py_INCREF(<object> operand)
        extra.operands[i].value = operand
        out.flags |= (<Value> operand).flags & REQUIRES_GRAD
        number = (<Value> operand).number
    else:
        if type(<object> operand) is float:
            number = PyFloat_AS_DOUBLE(<object> operand)
        else:
            number = as_float(<object> operand)
        extra.operands[i].number = number
    extra.is_number[i] = type(<object> operand) is not Value
    extra.count = i + 1
    return number


cdef int many_in_python(rule, Value out, const double *numbers, Given *given) except -1:
    cdef Py_ssize_t i, n = out.extra.count
    result = in_python(rule, tuple([numbers[i] for i in range(n)]), as_tuple(given))
    result = checked(rule, result, n)
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
        labels = [x.label if type(x) is Value else "" for x in operands or numbers]
        raise errors.refusal(rule.__name__, zip(numbers, labels), error) from None


cdef int watch(int number, Value node, left, right) except -1:
    return watch_many(rules[number], node, (left,) if right is None else (left, right))


cdef int watch_many(rule, Value node, tuple operands) except -1:
    values = [x if type(x) is Value else constant(x) for x in operands]
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

cdef unsigned int last_mark = 0
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


cdef int sort(Value root, Nodes *order, Sums *sums) except -1:
    """Fill `order`, parents before children. On the stack, a set low bit says: parents are done.

    With `sums`, what requires a gradient is marked as reached and starts from
    zero; what leaves had summed up before goes into `sums`.
    """
    global last_mark
    cdef Nodes stack = borrowed(&spare_stack)
    cdef PyObject *top
    last_mark += 1
    if last_mark == 0:  # after 4 billion sorts; 0 is the mark of a node that none has visited
        last_mark = 1
    try:
        push(&stack, <PyObject *> root)
        while stack.count:
            stack.count -= 1
            top = stack.items[stack.count]
            if <uintptr_t> top & 1:
                push(order, <PyObject *> (<uintptr_t> top & ~<uintptr_t> 1))
            elif (<Value> top).mark != last_mark:
                visit(<Value> top, &stack, order, sums)
    finally:
        give_back(&stack, &spare_stack, order.count)
    return 0


cdef inline int visit(Value node, Nodes *stack, Nodes *order, Sums *sums) except -1:
    cdef bint inner = has_parents(node)
    # Parents were usually made just before their children, so they lie just below in memory.
    prefetch(<char *> <PyObject *> node - PREFETCH)
    node.mark = last_mark
    if sums != NULL and node.flags & REQUIRES_GRAD:
        node.flags = node.flags & ~ARRIVED | REACHED
        if not inner and node.gradient.grad != 0.0:
            keep(sums, node)
        node.gradient.grad = 0.0
    if not inner:
        return push(order, <PyObject *> node)
    push(stack, <PyObject *> (<uintptr_t> <PyObject *> node | 1))
    return push_parents(stack, node)


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


cdef inline int push_parents(Nodes *stack, Value node) except -1:
    """The first parent ends on top. Parents already visited stay out."""
    cdef Py_ssize_t i
    if node.flags & MANY:
        for i in range(node.extra.count - 1, -1, -1):
            if not node.extra.is_number[i]:
                push_unvisited(stack, node.extra.operands[i].value)
        return 0
    if not node.flags & B_NUMBER and node.b.value != NULL:
        push_unvisited(stack, node.b.value)
    if not node.flags & A_NUMBER and node.a.value != NULL:
        push_unvisited(stack, node.a.value)
    return 0


cdef inline int push_unvisited(Nodes *stack, PyObject *node) except -1:
    if (<Value> node).mark != last_mark:
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


cdef int run_backward(Value root, double upstream, bint calls_hooks) except -1:
    cdef Nodes order = borrowed(&spare_order)
    cdef Sums sums = Sums(NULL, 0, 0)
    cdef Py_ssize_t i
    cdef bint watching = anomaly and calls_hooks
    try:
        sort(root, &order, &sums)
        root.gradient.grad = upstream
        root.flags |= ARRIVED
        for i in range(order.count - 1, -1, -1):
            if (<Value> order.items[i]).flags & REQUIRES_GRAD:
                if calls_hooks and (<Value> order.items[i]).extra != NULL:
                    run_hooks(<Value> order.items[i])
                if watching:
                    modes.check_backward(<Value> order.items[i])
                if (<Value> order.items[i]).flags & ARRIVED:
                    pass_on(<Value> order.items[i])
    finally:
        for i in range(sums.count):
            (<Value> sums.items[i].leaf).gradient.grad += sums.items[i].before
        PyMem_RawFree(sums.items)
        give_back(&order, &spare_order, order.count)
    return 0


cdef int run_hooks(Value node) except -1:
    if node.extra.hooks != NULL:
        node.gradient.grad = as_float(hooks.run(node, node.gradient.grad))
        if node.gradient.grad != 0.0:
            node.flags |= ARRIVED
    return 0


def topological_order(root):
    cdef Nodes order = Nodes(NULL, 0, 0)
    cdef Py_ssize_t i
    cdef Value node
    if type(root) is not Value:
        raise TypeError(f"topological_order takes a Value, got {type(root).__name__}")
    try:
        sort(root, &order, NULL)
        nodes = [<Value> order.items[i] for i in range(order.count)]
        if materialise(nodes):  # numbers became constants: sort again, with them
            order.count = 0
            sort(root, &order, NULL)
            nodes = [<Value> order.items[i] for i in range(order.count)]
    finally:
        PyMem_RawFree(order.items)
    return nodes


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
    if before != NULL:
        for i in range(nodes.count - 1, -1, -1):
            (<Value> nodes.items[i]).gradient.grad = before[i].grad
            # Operands may have become Values meanwhile: those flags stay as they are.
            (<Value> nodes.items[i]).flags = (
                (<Value> nodes.items[i]).flags & ~OF_SWEEPS | before[i].flags & OF_SWEEPS
            )
        PyMem_RawFree(before)


cdef int sort_with(Value root, list inputs, Nodes *nodes) except -1:
    """The order of the graph below `root`, and behind it `inputs` once more."""
    sort(root, nodes, NULL)
    for leaf in inputs:
        if type(leaf) is not Value:
            raise TypeError(f"inputs are Values, got {leaf!r}")
        push(nodes, <PyObject *> leaf)
    return 0


def reverse_sweep(Value root not None, double upstream, list inputs not None):
    cdef Nodes nodes = Nodes(NULL, 0, 0)
    cdef Before *before = NULL
    cdef Py_ssize_t i
    try:
        sort_with(root, inputs, &nodes)
        before = remember(&nodes)
        for i in range(nodes.count):
            (<Value> nodes.items[i]).gradient.grad = 0.0
        run_backward(root, upstream, False)
        return [(<Value> leaf).gradient.grad for leaf in inputs]
    finally:
        put_back(&nodes, before)
        PyMem_RawFree(nodes.items)


def uses_others(Value root not None, list inputs not None):
    cdef Nodes nodes = Nodes(NULL, 0, 0)
    cdef Nodes own = Nodes(NULL, 0, 0)
    cdef Before *before = NULL
    cdef Py_ssize_t i
    cdef Value node
    try:
        for leaf in inputs:
            push(&own, <PyObject *> <Value?> leaf)
        before = remember(&own)
        for node in inputs:
            node.flags &= ~REQUIRES_GRAD
        sort(root, &nodes, NULL)
        for i in range(nodes.count):
            node = <Value> nodes.items[i]
            if node.flags & REQUIRES_GRAD and not has_parents(node):
                return True
        return False
    finally:
        put_back(&own, before)
        PyMem_RawFree(own.items)
        PyMem_RawFree(nodes.items)


def depends_on(Value root not None, list inputs not None):
    cdef Nodes nodes = Nodes(NULL, 0, 0)
    try:
        sort(root, &nodes, NULL)
        return [(<Value?> leaf).mark == last_mark for leaf in inputs]
    finally:
        PyMem_RawFree(nodes.items)


def forward_sweep(Value root not None, list inputs not None, tangents, outputs):
    cdef Nodes nodes = Nodes(NULL, 0, 0)
    cdef Before *before = NULL
    try:
        sort_with(root, inputs, &nodes)
        before = remember(&nodes)
        forward(&nodes, inputs, tangents)
        return [
            (<Value> out).gradient.grad if type(out) is Value else 0.0 for out in outputs
        ]
    finally:
        put_back(&nodes, before)
        PyMem_RawFree(nodes.items)


cdef int forward(Nodes *nodes, list inputs, tangents) except -1:
    """Put the tangent of every node into its `gradient`."""
    cdef Py_ssize_t i
    cdef Value node
    for i in range(nodes.count):
        (<Value> nodes.items[i]).gradient.grad = 0.0
        (<Value> nodes.items[i]).flags &= ~ARRIVED
    for node, tangent in zip(inputs, tangents, strict=True):
        node.gradient.grad = tangent
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
            if (<Value> operand(node, i).value).flags & ARRIVED:
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
    try:
        try:
            sort_with(root, inputs, &nodes)
            count = nodes.count - len(inputs)
            before = remember(&nodes)
            forward(&nodes, inputs, tangents)
            seconds = <Second *> PyMem_RawMalloc((nodes.count + 1) * sizeof(Second))
            if seconds == NULL:
                raise MemoryError()
            for i in range(nodes.count):
                seconds[i] = Second((<Value> nodes.items[i]).gradient.grad, 0.0, 0.0, 0, 0, 0)
                seconds[i].moves = (<Value> nodes.items[i]).flags & ARRIVED
            for i in range(nodes.count - 1, -1, -1):
                (<Value> nodes.items[i]).gradient.grad = i
            places = places_of_parents(&nodes, count, &here)
            own = [<Py_ssize_t> (<Value> leaf).gradient.grad for leaf in inputs]
            seconds[count - 1].upstream, seconds[count - 1].arrived = 1.0, 1
        finally:
            put_back(&nodes, before)
        for i in range(count - 1, -1, -1):
            here -= operand_count(<Value> nodes.items[i])
            if (<Value> nodes.items[i]).flags & REQUIRES_GRAD and seconds[i].arrived:
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
    if is_number(node, i) or not (<Value> operand(node, i).value).flags & REQUIRES_GRAD:
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
    cdef double few[256]  # tangents, changes, numbers, and whether a partial changes at all
    cdef double *tangents = few
    cdef double *changes
    cdef Second *below
    cdef bint moving = False
    if n > 64:
        tangents = <double *> PyMem_RawMalloc(4 * n * sizeof(double))
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
    cdef int known
    for i in range(n):
        numbers[i] = number_of(node, i)
    if node.rule and not (kinked_rules[node.rule] and may_be_at_kink(node)):
        if not moving:
            return 0
        known = changes_in_c(node, n, places, seconds, tangents, changes, numbers)
        if known and all_finite(changes, n):
            for i in range(n):
                any_change[i] = known < 2 and not has_fixed_partial(node, i)
            return 0
    from autograd import partials

    found = partials.changes_of_partials(
        partials.rule_of(node),
        [numbers[i] for i in range(n)],
        [tangents[i] if places[i] >= 0 and seconds[places[i]].moves else None for i in range(n)],
    )
    for i in range(n):
        any_change[i] = found[i] is not None
        changes[i] = found[i] or 0.0
    return 0


cdef inline bint has_fixed_partial(Value node, Py_ssize_t i) noexcept:
    return not node.flags & MANY and derived_rules[node.rule][i] == NUMBER


cdef bint may_be_at_kink(Value node) noexcept:
    """False where a rule with a kink is surely not at it: partials.py looks more closely."""
    cdef Py_ssize_t i
    cdef bint found = node.number == 0.0
    for i in range(operand_count(node)):
        found = found or partial(node, i) != partial(node, i)
        found = found or (choosing_rules[node.rule] and 0.0 < partial(node, i) < 1.0)
    return found


cdef int changes_in_c(
    Value node,
    Py_ssize_t n,
    const Py_ssize_t *places,
    Second *seconds,
    const double *tangents,
    double *changes,
    const double *numbers,
) noexcept:
    if node.flags & MANY:
        return sequence_tangent(node.rule, numbers, tangents, n, changes)
    return changes_of_few(node, n, places, seconds, tangents, changes, numbers)


cdef bint changes_of_few(
    Value node,
    Py_ssize_t n,
    const Py_ssize_t *places,
    Second *seconds,
    const double *tangents,
    double *changes,
    const double *numbers,
) noexcept:
    """The same for one or two operands, in C; false where there is none."""
    cdef Py_ssize_t i
    cdef double by_x = 0.0, by_y = 0.0
    cdef int how
    cdef bint chooses = choosing_rules[node.rule] != 0
    for i in range(n):
        how = derived_rules[node.rule][i]
        changes[i] = 0.0
        if how == NUMBER or is_number(node, i):
            continue
        if how == OPERAND_A or how == OPERAND_B:
            changes[i] = tangents[0 if how == OPERAND_A else 1]
            continue
        if how == 0:
            return False
        if how == ITSELF:
            by_x, by_y = node.partial_a, node.partial_b
        elif n == 1:
            unary_rule(how, numbers[0], &by_x)
        else:
            binary_rule(how, numbers[0], numbers[1], &by_x, &by_y)
        if places[0] >= 0 and seconds[places[0]].moves and not (chooses and by_x == 0.0):
            changes[i] += by_x * tangents[0]
        if n < 2 or (chooses and by_y == 0.0):
            continue
        if places[1] >= 0 and seconds[places[1]].moves:
            changes[i] += by_y * tangents[1]
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
    if type(<object> parameter) is not Value or has_parents(<Value> parameter):
        raise errors.GraphError(f"{<object> parameter!r} is no leaf")
    return 0


# --- the rest of the class, taken from the reference ------------------------------------

def elementwise(rule):
    """A function of single numbers or Values."""
    cdef int number = rule_numbers.get(rule, 0)

    def unary_function(*given, **named):
        if len(given) == 1 and not named and type(given[0]) is Value:
            return unary(number, given[0])
        return evaluate(rule, *operands_of(rule, *given, **named))

    def function(*given, **named):
        return evaluate(rule, *operands_of(rule, *given, **named))

    return unary_function if rule_kinds[number] == c"u" else function


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


def complete():
    """Give the class what the reference class has and this one does not define itself."""
    cdef dict attributes = <dict> type_dict(Value)
    for name, thing in vars(value.Value).items():
        rule = getattr(ops, getattr(thing, "__name__", ""), None)
        if name in attributes or name == "__slots__" or name in value.Value.__slots__:
            continue
        if rule in ops.TABLE:
            attributes[name] = method_of(rule)
            attributes[name].__name__ = rule.__name__
            attributes[name].__doc__ = thing.__doc__
        else:
            attributes[name] = thing
    PyType_Modified(<PyTypeObject *> Value)


complete()
cdef PyTypeObject *type_of_values = <PyTypeObject *> Value
type_of_values.tp_name = b"autograd.Value"
type_of_values.tp_flags &= ~Py_TPFLAGS_BASETYPE  # nor by a mixin
type_of_values.tp_dealloc = <destructor> free_node
