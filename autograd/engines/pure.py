"""The reference engine in the shape of the compiled one: what both offer, by the same names."""

from typing import Any

from autograd import errors, ops
from autograd.support import numpy_support, pickling
from autograd.support.arguments import as_float, as_list, operands
from autograd.support.elements import by_element, holds_elements
from autograd.support.modes import scope
from autograd.value import (
    LocalGradient,
    Value,
    apply,
    constant,
    next_serial,
    topological_order,
    zero_grad,
)


def evaluate(rule: ops.Rule, *given: Any) -> Any:
    """`rule` on Values and numbers: a node if there is a Value among them, else a float."""
    for x in given:  # most often the first is one
        if isinstance(x, Value):
            return apply(rule, *given)
    numbers = [as_float(x) for x in given]
    try:
        return rule(*numbers)[0]
    except (ValueError, ArithmeticError) as error:
        shown = [(number, "") for number in numbers]
        raise errors.refusal(rule.__name__, shown, error) from None


def elementwise(rule: ops.Rule) -> Any:
    """The function that evaluates `rule` on numbers or Values, or on every element."""

    def function(*given: Any, **named: Any) -> Any:
        read = operands(rule, *given, **named)
        try:
            return evaluate(rule, *read)
        except errors.NumberError:
            if not holds_elements(read):
                raise
        return by_element(rule.__name__, function, read)

    return function


def dot(x: Any, y: Any) -> Any:
    """The sum of the products of two sequences, as one node; see `functions.dot`."""
    x, y = as_list("dot", x), as_list("dot", y)
    if len(x) != len(y):
        raise errors.ShapeError(f"dot of {len(x)} and {len(y)} elements: the lengths must agree")
    return evaluate(ops.dot, *x, *y)


def rebuilt(
    data: float, op: str, parents: tuple[Any, ...], partials: tuple[float, ...], kind: Any = None
) -> Any:
    """A node from its parts, as they stand in a pickle."""
    kind = kind or Value
    node = kind.__new__(kind)
    node._data, node._name, node._parents = data, op, parents
    node._local_gradient = LocalGradient.of(op, partials)
    return node


def adopt(rule: ops.Rule) -> None:
    """Compute `rule`, derived from the rules of `ops`, natively: here nothing is."""


numpy_support.register(Value, apply)
pickling.register(Value, __name__)

__all__ = [
    "Value",
    "adopt",
    "apply",
    "constant",
    "dot",
    "elementwise",
    "evaluate",
    "next_serial",
    "rebuilt",
    "scope",
    "topological_order",
    "zero_grad",
]
