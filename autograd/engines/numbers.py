"""Values and plain numbers, each as the other."""

from typing import Any

from autograd.engines.select import Value, constant
from autograd.support.arguments import as_float


def float_of(number: Any) -> float:
    """The plain number of a Value or a number."""
    return number.data if isinstance(number, Value) else as_float(number)


def as_value(number: Any) -> Value:
    """A plain number as a constant."""
    return number if isinstance(number, Value) else constant(number)
