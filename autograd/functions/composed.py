"""The functions that are no single rule: of two sequences, of truths, of several results."""

import builtins
import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from autograd import ops
from autograd.engines import select
from autograd.engines.numbers import float_of
from autograd.engines.select import Value
from autograd.functions.from_rules import ELEMENTS, function_of, sequence
from autograd.support import modes, tracing
from autograd.support.elements import by_element, holds_elements
from autograd.value import Number

if TYPE_CHECKING:
    from autograd.functions.kinds import Predicate

_exp, _sub, _where = function_of(ops.exp), function_of(ops.sub), function_of(ops.where)
_max, _maximum = function_of(ops.max), function_of(ops.maximum)
_logsumexp = function_of(ops.logsumexp)

dot: Callable[[Iterable[Number], Iterable[Number]], Any] = select.dot
dot.__module__ = "autograd.functions"
dot.__annotations__ = {"x": Iterable[Number], "y": Iterable[Number], "return": Number}
dot.__doc__ = """The sum of the products of two sequences, as one node.

Unequal lengths raise ShapeError.

>>> import autograd
>>> w = [autograd.Value(2.0), autograd.Value(-3.0)]
>>> out = autograd.dot(w, [10.0, 1.0])
>>> out.backward()
>>> out.data, w[0].grad, w[1].grad
(17.0, 10.0, 1.0)
"""


def _predicate(name: str, meaning: Callable[[float], bool], summary: str) -> Any:
    def function(x: Any, /) -> Any:
        if holds_elements((x,)):
            return by_element(name, function, (x,))
        return meaning(float_of(x))

    function.__name__ = function.__qualname__ = name
    function.__annotations__ = {"x": ELEMENTS, "return": "bool | ArrayLike"}
    function.__doc__ = f"{summary}; an array or nested list of answers for one of numbers."
    return function


isnan: "Predicate" = _predicate("isnan", math.isnan, "Whether a number or Value is nan")
isinf: "Predicate" = _predicate("isinf", math.isinf, "Whether a number or Value is infinite")
isfinite: "Predicate" = _predicate("isfinite", math.isfinite, "Whether it is no nan or infinity")


def softmax(logits: Iterable[Number]) -> list[Any]:
    """The probabilities proportional to exp(logit); they sum to 1 and never overflow.

    >>> import autograd
    >>> autograd.softmax([1000.0, 1000.0])
    [0.5, 0.5]
    """
    with modes.scope("softmax(logits)"):
        return [_exp(x) for x in log_softmax(logits)]


def log_softmax(logits: Iterable[Number]) -> list[Any]:
    """The logarithms of `softmax`: each logit minus the logsumexp of all of them."""
    with modes.scope("log_softmax(logits)"):
        shifted = shifted_logits(logits)
        total = _logsumexp(shifted) if shifted else 0.0
        return [_sub(x, total) for x in shifted]


def shifted_logits(logits: Iterable[Number]) -> list[Any]:
    """The logits minus the largest: the same softmax, without its rounding.

    In the place of the largest is the number 0.0, so that no derivative of what
    follows is a difference of two that are equal up to rounding.
    """
    logits = sequence("softmax", logits)
    if tracing.current is not None and any(isinstance(x, Value) for x in logits):
        return _shifted_in_a_trace(logits)
    numbers = [x.data if isinstance(x, Value) else x for x in logits]
    largest = builtins.max(numbers, default=0.0)
    if not numbers or not math.isfinite(largest):
        return logits
    if len(numbers) == 1:
        return [_sub(logits[0], largest)]
    place = numbers.index(largest)
    with modes.scope("shift(logits)"):
        return [0.0 if i == place else _sub(x, logits[place]) for i, x in enumerate(logits)]


def _shifted_in_a_trace(logits: list[Any]) -> list[Any]:
    """The same numbers and derivatives, whichever logit is the largest when it is replayed."""
    if len(logits) == 1:
        return [_sub(logits[0], logits[0].detach())]
    with modes.no_grad():
        largest = _max(logits)
        is_first, seen = [], 0.0
        for x in logits:
            is_largest = _where(_sub(x, largest), 0.0, 1.0)
            is_first.append(_where(seen, 0.0, is_largest))
            seen = _maximum(seen, is_largest)
    top = dot(is_first, logits)
    return [_where(first, 0.0, _sub(x, top)) for first, x in zip(is_first, logits, strict=True)]
