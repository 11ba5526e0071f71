"""Which engine runs: the compiled twin where it was built, else the reference.

``AUTOGRAD_PURE=1`` in the environment selects the reference.
"""

import os
from typing import TYPE_CHECKING, Any

from autograd import errors, numpy_support, ops, value
from autograd.checks import as_float, as_list, operands
from autograd.elements import by_element, holds_elements
from autograd.modes import scope
from autograd.pickling import rebuilt

name = "pure"
numpy_support.register(value.Value, value.apply)
if TYPE_CHECKING:
    from autograd.value import (
        Value,
        apply,
        constant,
        next_serial,
        topological_order,
        zero_grad,
    )
else:
    engine = value
    if os.environ.get("AUTOGRAD_PURE", "0") in ("", "0"):
        try:
            from autograd import _engine as engine
        except ImportError:  # it was not built here
            pass
        else:
            name = "compiled"
    Value, apply, constant = engine.Value, engine.apply, engine.constant
    topological_order, zero_grad = engine.topological_order, engine.zero_grad
    next_serial = engine.next_serial


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


def float_of(number: Any) -> float:
    """The plain number of a Value or a number."""
    return number.data if isinstance(number, Value) else as_float(number)


def adopt(rule: ops.Rule) -> None:
    """Compute `rule`, derived from the rules of `ops`, natively where that is possible."""


def sweeps() -> Any:
    """The module with the engine's own `reverse_sweep`, `forward_sweep` and `second_sweep`."""
    from autograd import sweeps

    return sweeps


if not TYPE_CHECKING and name == "compiled":
    evaluate, elementwise, dot = engine.evaluate, engine.elementwise, engine.dot
    scope, rebuilt, adopt = engine.scope, engine.rebuilt, engine.adopt

    def sweeps() -> Any:
        return engine


__all__ = [
    "Value",
    "adopt",
    "apply",
    "constant",
    "dot",
    "elementwise",
    "evaluate",
    "float_of",
    "name",
    "next_serial",
    "rebuilt",
    "scope",
    "sweeps",
    "topological_order",
    "zero_grad",
]
