"""The function that a rule stands for: over single numbers element by element, over a sequence."""

from collections.abc import Callable, Iterable
from typing import Any

from autograd import errors, ops
from autograd.engines import select
from autograd.support.arguments import as_list
from autograd.support.signatures import typed
from autograd.support.structures import is_branching
from autograd.value import Number

ELEMENTS = "Value | float | ArrayLike"  # as editors show it; type checkers read more in the stubs


def function_of(rule: ops.Rule) -> Any:
    """The function that evaluates `rule` on numbers, Values and their nests."""
    if ops.takes_sequence(rule):
        return _named(_reduction(rule), rule, "Takes one sequence of numbers or Values")
    function = _named(
        select.elementwise(rule),
        rule,
        "Numbers or Values give one of the same, arrays and lists many",
    )
    function.__wrapped__ = typed(rule, ELEMENTS, ELEMENTS, ELEMENTS)
    return function


def _reduction(rule: ops.Rule) -> Callable[..., Any]:
    empty = ops.TABLE[rule].empty

    def function(values: Iterable[Number], /) -> Number:
        values = sequence(rule.__name__, values)
        if not values:
            if empty is None:
                raise errors.ShapeError(f"{rule.__name__} of an empty sequence has no value")
            return empty
        result: Number = select.evaluate(rule, *values)
        return result

    return function


def sequence(name: str, values: Any) -> list[Any]:
    """The elements of one sequence; NumberError where they are sequences themselves."""
    elements = as_list(name, values)
    if elements and is_branching(elements[0]):
        raise errors.NumberError(
            f"{name} takes one sequence of numbers or Values, got a {type(values).__name__} of "
            f"{type(elements[0]).__name__}s: write [{name}(row) for row in rows], or "
            f"{name}(array.ravel()) for all of an array"
        )
    return elements


def _named(function: Callable[..., Any], rule: ops.Rule, summary: str) -> Any:
    facts = ops.TABLE[rule]
    function.__name__ = function.__qualname__ = rule.__name__
    function.__module__ = "autograd.functions"
    function.__doc__ = f"{summary}: the value of rule ``ops.{rule.__name__}``." + (
        f" Where it has no derivative it takes: {facts.kink}." if facts.kink else ""
    )
    function.__doc__ += f" Of fewer digits than others: {facts.digits}." if facts.digits else ""
    return function
