"""The engine: a Value remembers how it was made, and ``backward`` walks that memory.

Read `ops.py` first. Here `apply` makes every node, `topological_order` sorts
the graph and `Value._backward` is the one place where gradients accumulate.

Glossary: *upstream*: d root / d node, coming from the consumers of a node;
*partial*: d node / d parent; *contribution*: upstream times partial.
"""

import itertools
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Never, TypeAlias

from autograd import errors, hooks, modes, numpy_support, ops, pickling
from autograd.checks import as_float, as_operand, checked, operands

Number: TypeAlias = "Value | float"

# Nodes are numbered as they are made, so that a sweep need not go below its inputs.
next_serial: Callable[[], int] = itertools.count(1).__next__


def apply(rule: ops.Rule, *operands: Number) -> "Value":
    """Make the node `rule(*operands)`: its value, its parents and one partial for each.

    Numbers become constants. A rule that ``math`` refuses raises DomainError,
    RangeError or DivisionError.
    """
    parents = tuple([x if type(x) is Value else constant(x) for x in operands])
    recording, scope, anomaly = modes.current.get()
    try:
        result = rule(*[parent._data for parent in parents])
    except (ValueError, ArithmeticError) as error:
        shown = [(parent._data, parent.label) for parent in parents]
        raise errors.refusal(rule.__name__, shown, error) from None
    if rule not in ops.TABLE or len(result) != 1 + len(parents):
        result = checked(rule, result, len(parents))
    node = Value.__new__(Value)
    node._data, node._grad, node._reached, node._arrived = result[0], 0.0, False, False
    node.label, node.scope, node._serial = "", scope, next_serial()
    if recording:
        node.parents, node.op, node.partials = parents, rule.__name__, result[1:]
        node.requires_grad = True in [parent.requires_grad for parent in parents]
    else:
        node.parents, node.op, node.partials, node.requires_grad = (), "", (), False
    if anomaly:
        modes.check_forward(rule.__name__, node, parents)
    return node


def constant(number: Any) -> "Value":
    """A leaf that needs no gradient: how a plain number enters an expression."""
    return Value(number, requires_grad=False)


def topological_order(root: "Value", since: int = 0) -> list["Value"]:
    """Every node that `root` depends on, each after all of its parents; `root` is last.

    Nodes with a serial number below `since`, and all that only they depend on, are left out.
    """
    order: list[Value] = []
    seen: set[Value] = set()
    stack: list[Value | None] = [root]
    while stack:
        node = stack.pop()
        if node is None:  # the mark that the parents of the node below it are in order
            order.append(stack.pop())  # type: ignore[arg-type]
        elif node not in seen and node._serial >= since:
            seen.add(node)
            stack += [node, None]
            stack += [parent for parent in reversed(node.parents) if parent not in seen]
    return order


def passes(op: str, partials: Sequence[float]) -> list[bool]:
    """Whether a gradient passes over each edge: not to what a choice (`where`) has not taken."""
    chosen = ops.chooses(op)
    return [partial != 0.0 or i not in chosen for i, partial in enumerate(partials)]


def zero_grad(values: Iterable["Value"]) -> None:
    """Reset the gradient of every one of `values`."""
    for value in values:
        value.zero_grad()


def _operator(rule: ops.Rule, *, reflected: bool = False) -> "Callable[[Value, Number], Value]":
    """A binary operator; other types than numbers get their own chance (NumPy arrays)."""

    def operator(self: "Value", other: Number) -> "Value":
        operand = other if type(other) is Value else as_operand(other)
        if operand is NotImplemented:
            return NotImplemented  # type: ignore[no-any-return]
        return apply(rule, operand, self) if reflected else apply(rule, self, operand)

    return operator


def _method(rule: ops.Rule) -> "Callable[..., Value]":
    """A method that applies `rule` to the Value and the operands it is called with."""

    def method(self: "Value", *others: Number, **named: Number) -> "Value":
        return apply(rule, *operands(rule, self, *others, **named))

    method.__name__ = rule.__name__
    method.__doc__ = f"As ``autograd.{rule.__name__}``, with this Value as the first operand."
    return method


def _methods(*rules: ops.Rule) -> "Iterator[Callable[..., Value]]":
    return map(_method, rules)


def _comparison(holds: Callable[[float, float], bool]) -> "Callable[[Value, Number], bool]":
    def comparison(self: "Value", other: Number) -> bool:
        number = other._data if type(other) is Value else as_operand(other)
        return NotImplemented if number is NotImplemented else holds(self._data, number)

    return comparison


class Value:
    """A number that remembers how it was made, so that `backward` can differentiate it.

    `data` is the number, assignable on leaves; `grad` is d root / d self after
    `backward()`, 0.0 before. Anything but one real number raises NumberError.

    >>> x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    >>> f = (x + y) * z
    >>> f.backward()
    >>> f.data, x.grad, y.grad, z.grad
    (-12.0, -4.0, -4.0, 3.0)
    """

    __slots__ = ("_arrived", "_data", "_grad", "_hooks", "_made_at", "_reached", "_serial",
                 "label", "op", "parents", "partials", "requires_grad", "scope")  # fmt: skip

    def __init__(self, data: Number, label: str = "", *, requires_grad: bool = True) -> None:
        self._data: float = data if type(data) is float else as_float(data)
        self._grad = 0.0
        if not hasattr(self, "_serial"):  # also where __init__ is called again
            self._serial = next_serial()
        self._reached = False  # by a backward pass, since the last zero_grad
        self._arrived = False  # whether anything was added to the gradient
        self.parents: tuple[Value, ...] = ()
        self.op = ""  # name of the rule in `ops`; "" for a leaf
        self.label = label
        self.partials: tuple[float, ...] = ()  # d self / d parent, one for each of `parents`
        self.requires_grad = requires_grad
        self.scope = modes.current.get().scope

    def __init_subclass__(cls) -> None:
        raise TypeError("Value cannot be subclassed: hold a Value, or add an operation instead")

    @property
    def data(self) -> float:
        """The number. Assigning to a leaf leaves graphs already built as they are."""
        return self._data

    @data.setter
    def data(self, number: float) -> None:
        if self.parents:
            raise errors.GraphError(f"{self.op} computed this data; assign to a leaf, or detach()")
        self._data = as_float(number)

    @property
    def grad(self) -> float:
        """The gradient: d root / d self, summed over the calls of `backward` on a leaf."""
        return self._grad

    @grad.setter
    def grad(self, number: float) -> None:
        self._grad = as_float(number)
        self._reached = self._arrived = self._grad != 0.0

    @property
    def local_gradient(self) -> Callable[[float], list[float]]:
        """The closure from the upstream gradient to one contribution per parent."""
        passing = list(zip(self.partials, passes(self.op, self.partials), strict=True))
        return lambda upstream: [upstream * partial if on else 0.0 for partial, on in passing]

    def _backward(self) -> None:
        """Pass this node's gradient on to its parents: the chain rule, one step.

        Nothing goes to the side that a choice has not taken, however steep it is,
        nor on from a node that nothing has arrived at.
        """
        if not self._arrived:
            return
        upstream, on = self._grad, passes(self.op, self.partials)
        for parent, partial, passing in zip(self.parents, self.partials, on, strict=True):
            if parent.requires_grad and passing:
                parent._grad += upstream * partial
                parent._arrived = True

    def backward(self, gradient: float = 1.0) -> None:
        """Add d self / d leaf, times `gradient`, to the grad of every leaf below.

        Leaves accumulate over calls; the nodes between start from zero each time.
        """
        if not self.requires_grad:
            raise errors.GraphError(
                "nothing here requires a gradient: made under no_grad, detached, or from numbers"
            )
        gradient, anomaly = as_float(gradient), modes.current.get().anomaly
        order = [node for node in topological_order(self) if node.requires_grad]
        earlier = [(leaf, leaf._grad) for leaf in order if leaf._grad and not leaf.parents]
        for node in order:
            node._grad, node._reached, node._arrived = 0.0, True, False
        self._grad, self._arrived = gradient, True
        try:
            for node in reversed(order):
                if hasattr(node, "_hooks"):
                    node._grad = as_float(hooks.run(node, node._grad))
                    node._arrived = node._arrived or node._grad != 0.0
                if anomaly:
                    modes.check_backward(node)
                node._backward()
        finally:
            for leaf, sum_before in earlier:
                leaf._grad += sum_before

    def zero_grad(self) -> None:
        """Reset `grad` to 0.0, as if no backward pass had reached this Value."""
        self._grad, self._reached, self._arrived = 0.0, False, False

    def detach(self) -> "Value":
        """The same number without its history: a leaf that needs no gradient."""
        return constant(self._data)

    __add__, __radd__ = _operator(ops.add), _operator(ops.add, reflected=True)
    __sub__, __rsub__ = _operator(ops.sub), _operator(ops.sub, reflected=True)
    __mul__, __rmul__ = _operator(ops.mul), _operator(ops.mul, reflected=True)
    __truediv__, __rtruediv__ = _operator(ops.div), _operator(ops.div, reflected=True)
    __pow__, __rpow__ = _operator(ops.pow), _operator(ops.pow, reflected=True)
    __neg__, __abs__ = _method(ops.neg), _method(ops.abs)
    __pos__ = conjugate = lambda self: self  # np.vdot and np.std ask for the conjugate
    __lt__, __le__ = _comparison(operator.lt), _comparison(operator.le)
    __gt__, __ge__ = _comparison(operator.gt), _comparison(operator.ge)

    abs, sign, square, pow = _methods(ops.abs, ops.sign, ops.square, ops.pow)
    sqrt, cbrt, hypot, fmod = _methods(ops.sqrt, ops.cbrt, ops.hypot, ops.fmod)
    exp, exp2, expm1 = _methods(ops.exp, ops.exp2, ops.expm1)
    log, log2, log10, log1p = _methods(ops.log, ops.log2, ops.log10, ops.log1p)
    sin, cos, tan = _methods(ops.sin, ops.cos, ops.tan)
    asin, acos, atan, atan2 = _methods(ops.asin, ops.acos, ops.atan, ops.atan2)
    sinh, cosh, tanh = _methods(ops.sinh, ops.cosh, ops.tanh)
    asinh, acosh, atanh = _methods(ops.asinh, ops.acosh, ops.atanh)
    erf, erfc, sigmoid, logsigmoid = _methods(ops.erf, ops.erfc, ops.sigmoid, ops.logsigmoid)
    relu, leaky_relu, elu = _methods(ops.relu, ops.leaky_relu, ops.elu)
    gelu, silu, softplus, clip = _methods(ops.gelu, ops.silu, ops.softplus, ops.clip)
    maximum, minimum, floor, ceil = _methods(ops.maximum, ops.minimum, ops.floor, ops.ceil)
    # Names that NumPy asks the elements of arrays for, and names that micrograd's users know.
    arcsin, arccos, arctan, arctan2 = asin, acos, atan, atan2
    arcsinh, arccosh, arctanh = asinh, acosh, atanh
    register_hook, __reduce__ = hooks.register_hook, pickling.reduced
    _prev = property(lambda self: set(self.parents))
    _op = property(lambda self: ops.SYMBOLS.get(self.op, self.op))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return numpy_support.apply_ufunc(apply, ufunc, method, inputs, options)

    def __float__(self) -> Never:
        raise errors.DetachError("use v.data for the number, or v.tanh() to stay in the graph")

    def __bool__(self) -> bool:
        return self._data != 0.0

    def __round__(self, digits: int | None = None) -> float:
        return round(self._data, digits)

    def __format__(self, specification: str) -> str:
        return format(self._data, specification) if specification else repr(self)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={self._data!r}, grad={self._grad!r}{label})"
