"""The public fields of a Value, and how it reads where a number is expected.

No calculus and no graph: those are in `value.py`, whose `Value` is a Node that
stores and computes.
"""

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Never

from autograd import errors
from autograd.support import fields, made_by_hand, tracing, unlinking
from autograd.support.arguments import as_float, as_operand, equals

if TYPE_CHECKING:
    from autograd.support.methods import Methods

    Operations = Methods["Node"]
else:
    Operations = object


def _comparison(holds: Callable[[float, float], bool]) -> "Callable[[Node, Any], bool]":
    def comparison(self: "Node", other: Any) -> bool:
        if tracing.current is not None:
            _refuse_comparison(self, other)
        number = other._data if isinstance(other, Node) else as_operand(other)
        return NotImplemented if number is NotImplemented else holds(self._data, number)

    return comparison


def _refuse_comparison(*compared: Any) -> None:
    """TracingError in a trace where one of `compared` has no number yet."""
    for x in compared:
        if isinstance(x, Node):
            tracing.refuse(x, "a comparison")


class Node(Operations):
    """The public fields of a Value, and its behaviour as a number: see `Value`."""

    __slots__ = ("__dict__",)  # what a user hangs on a Value; the rest is in `Value`

    _data: float
    _grad: float
    _label: str
    _local_gradient: tuple[float, ...]
    _reached: bool
    _arrived: bool

    def __init_subclass__(cls, **named: Any) -> None:
        super().__init_subclass__(**named)
        made_by_hand.check_subclass(cls, Node)
        unlinking.keep(cls)

    @property
    def data(self) -> float:
        """The number. Nodes made before another one was assigned keep their partials."""
        if tracing.current is not None:
            tracing.refuse(self, ".data")
        return self._data

    @data.setter
    def data(self, number: float) -> None:
        if tracing.current is not None:
            tracing.refuse_change("assigning .data")
        self._data = as_float(number)

    @property
    def grad(self) -> float:
        """The gradient: d root / d self, summed over `backward` calls on a leaf; None resets it."""
        if tracing.current is not None:
            tracing.refuse(self, ".grad")
        return self._grad

    @grad.setter
    def grad(self, number: float | None) -> None:
        if tracing.current is not None:
            tracing.refuse_change("assigning .grad")
        self._grad = 0.0 if number is None else as_float(number)
        self._reached = self._arrived = self._grad != 0.0

    parents: "fields.Fixed[tuple[Node, ...]]" = fields.fixed(
        "_parents",
        "parents",
        "The operands, in their order, repeats kept; () of a leaf.",
    )
    partials: fields.Fixed[tuple[float, ...]] = fields.fixed(
        lambda self: tuple(map(float, self._local_gradient)),
        "partials",
        "The partial derivatives by the parents, in their order, from when the node was made.",
    )
    op: fields.Fixed[str] = fields.fixed(
        "_name", "op", 'The name of the operation that made it, such as "mul"; "" of a leaf.'
    )
    label: str = fields.settable(
        "_label",
        "label",
        fields.as_label,
        "Its name in pictures and errors: a text, else LabelError.",
    )
    requires_grad: bool = fields.settable(
        "_required", "requires_grad", bool, "Whether a backward pass computes its gradient."
    )
    scope: str = fields.settable(
        "_scope", "scope", fields.as_scope, 'Who made it: a path as "mlp/layer0", set by `scope`.'
    )
    data, grad = fields.keep(data, "data"), fields.keep(grad, "grad")
    # What micrograd and microgpt call these.
    _children = fields.fixed("_parents", "_children")
    _local_grads = fields.fixed(lambda self: self.partials, "_local_grads")
    _prev = fields.fixed(lambda self: set(self.parents), "_prev")
    _op = fields.fixed(made_by_hand.symbol_of, "_op")
    _attributes = fields.fixed(vars, "_attributes")

    def item(self) -> float:
        """The number: `data`, as PyTorch and NumPy call it."""
        return self.data

    def __float__(self) -> Never:
        if tracing.current is not None:
            tracing.refuse(self, "float()")
        raise errors.DetachError("use v.data for the number, or v.tanh() to stay in the graph")

    __int__ = __trunc__ = __float__
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Node):
            return self is other
        if tracing.current is not None and type(other) in (int, float):
            tracing.refuse(self, "a comparison")
        equal: bool = equals(self._data, other)
        return equal

    __lt__, __le__ = _comparison(operator.lt), _comparison(operator.le)
    __gt__, __ge__ = _comparison(operator.gt), _comparison(operator.ge)

    def __bool__(self) -> bool:
        if tracing.current is not None:
            tracing.refuse(self, "bool()")
        return self._data != 0.0

    def __round__(self, digits: int | None = None) -> float:
        return round(self.data, digits)

    def __format__(self, specification: str) -> str:
        return format(self._data, specification) if specification else repr(self)

    def __repr__(self) -> str:
        label = f", label={self._label!r}" if self._label else ""
        return f"Value(data={self._data!r}, grad={self._grad!r}{label})"
