# From a rule, or an operator, and what it is given, to one of the functions of `making_nodes.pxi`.

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


def apply(rule, *operands):
    return make(rule, operands)


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
