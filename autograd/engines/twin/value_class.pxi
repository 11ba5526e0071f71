# The class: what can be read and set, `backward`, and the operators. How is in the other rooms.

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
        changing()
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
        if tracing:
            traces.refuse(self, ".data")
        looking()
        return self.number

    @data.setter
    def data(self, number):
        if tracing:
            traces.refuse_change("assigning .data")
        changing()
        self.number = PyFloat_AS_DOUBLE(number) if type(number) is float else as_float(number)

    @property
    def _data(self):
        looking()
        return self.number

    @property
    def grad(self):
        if tracing:
            traces.refuse(self, ".grad")
        looking()
        return self.gradient.grad

    @grad.setter
    def grad(self, number):
        if tracing:
            traces.refuse_change("assigning .grad")
        changing()
        self.gradient.grad = (
            PyFloat_AS_DOUBLE(number) if type(number) is float
            else 0.0 if number is None else as_float(number)
        )
        set_flag(self, REACHED | ARRIVED, self.gradient.grad != 0.0)

    @property
    def _arrived(self):
        looking()
        return bool(self.flags & ARRIVED)

    @_arrived.setter
    def _arrived(self, arrived):
        changing()
        set_flag(self, ARRIVED, arrived)

    @property
    def _reached(self):
        looking()
        return bool(self.flags & REACHED)

    @_reached.setter
    def _reached(self, reached):
        changing()
        set_flag(self, REACHED, reached)

    @property
    def _serial(self):
        return self.serial

    @property
    def requires_grad(self):
        return bool(self.flags & REQUIRES_GRAD)

    @requires_grad.setter
    def requires_grad(self, required):
        changing()
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
        return None

    @_hooks.setter
    def _hooks(self, hooks):
        changing()
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
        return value.LocalGradient.of(self.op, self.partials)

    # --- backward --------------------------------------------------------------

    def _backward(self):
        check_self(self, "_arrived")
        changing()
        pass_on_once(self)

    def backward(self, gradient=1.0, retain_graph=True, create_graph=False, inputs=None):
        cdef double upstream
        check_self(self, "_required")
        if create_graph or inputs is not None:
            made_by_hand.refuse_options(create_graph, inputs)
        if tracing:
            traces.refuse_change("backward()")
        if not self.flags & REQUIRES_GRAD:
            raise errors.GraphError(
                "nothing here requires a gradient: made under no_grad, detached, or from numbers"
            )
        upstream = as_float(gradient)
        changing()
        read_modes()
        run_backward(self, upstream)

    def zero_grad(self):
        check_self(self, "_grad")
        if tracing:
            traces.refuse_change("zero_grad()")
        changing()
        self.gradient.grad = 0.0
        self.flags &= ~(REACHED | ARRIVED)

    def detach(self):
        check_self(self, "_data")
        looking()
        return traces.detached(self, apply) if tracing else constant(self.number)

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
        if tracing and type(other) in (int, float):
            traces.refuse(self, "a comparison")
        looking()
        if type(other) is float:
            return self.number == PyFloat_AS_DOUBLE(other)
        return self is other if isinstance(other, Value) else equals(self.number, other)

    def __lt__(self, other):
        comparing(self, other)
        other = (<Value> other).number if is_value(other) else as_operand(other)
        return NotImplemented if other is NotImplemented else self.number < other

    def __le__(self, other):
        comparing(self, other)
        other = (<Value> other).number if is_value(other) else as_operand(other)
        return NotImplemented if other is NotImplemented else self.number <= other

    def __gt__(self, other):
        comparing(self, other)
        other = (<Value> other).number if is_value(other) else as_operand(other)
        return NotImplemented if other is NotImplemented else self.number > other

    def __ge__(self, other):
        comparing(self, other)
        other = (<Value> other).number if is_value(other) else as_operand(other)
        return NotImplemented if other is NotImplemented else self.number >= other

    def __hash__(self):
        return object.__hash__(self)

    def __bool__(self):
        if tracing:
            traces.refuse(self, "bool()")
        looking()
        return self.number != 0.0

    def __float__(self):
        if tracing:
            traces.refuse(self, "float()")
        raise errors.DetachError("use v.data for the number, or v.tanh() to stay in the graph")

    def __int__(self):
        if tracing:
            traces.refuse(self, "float()")
        raise errors.DetachError("use v.data for the number, or v.tanh() to stay in the graph")

    def __pos__(self):
        return self

    def __reduce__(self):
        return pickling.reduced(self)

    def __repr__(self):
        looking()
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={self.number!r}, grad={self.gradient.grad!r}{label})"

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return numpy_support.apply_ufunc(apply, ufunc, method, inputs, options)
