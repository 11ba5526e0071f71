# The rest of the class, taken from the reference; then the functions that Python calls quickest.

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
        if stale:
            refresh()
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


cdef int tell_of(compiled, thing) except -1:
    """Give a compiled function or property the docstring and the types of the reference's."""
    if type(compiled) is type(elementwise):
        compiled.__doc__ = thing.__doc__
        compiled.__annotations__ = getattr(thing, "__annotations__", {})
    elif type(compiled) is type(property_of_c) and isinstance(thing.__doc__, str):
        texts_in_use.append(thing.__doc__)
        document(<PyObject *> compiled, PyUnicode_AsUTF8(thing.__doc__))
    return 0


cdef list texts_in_use = []  # the docstrings that C only points to
cdef object property_of_c = (<dict> type_dict(Value))["data"]


def complete():
    """Give the class what the reference class has and this one does not define itself."""
    cdef dict attributes = <dict> type_dict(Value)
    attributes["__init_subclass__"] = classmethod(init_subclass)
    for name, thing in {**vars(Node), **vars(value.Value)}.items():
        rule = getattr(ops, getattr(thing, "__name__", ""), None)
        if name in attributes:
            tell_of(attributes[name], thing)
        if name in attributes or name in ("__slots__", "__dict__", *value.Value.__slots__):
            continue
        if rule in ops.TABLE:
            attributes[name] = method_of(rule)
            attributes[name].__name__ = rule.__name__
            attributes[name].__qualname__ = thing.__qualname__
            attributes[name].__wrapped__ = thing.__wrapped__
            attributes[name].__doc__ = thing.__doc__
        else:
            attributes[name] = thing
    for function in (apply, constant, topological_order, zero_grad):
        tell_of(function, getattr(value, function.__name__))
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
