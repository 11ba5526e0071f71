"""Every operation as a function: Values give a Value, plain numbers give a number.

Those of single numbers go element by element over NumPy arrays, whose shapes
broadcast, and over nested lists and tuples, whose structure is mirrored.

>>> import autograd
>>> autograd.tanh(0.5), autograd.tanh(autograd.Value(0.5)).data
(0.46211715726000974, 0.46211715726000974)
>>> autograd.maximum([[1.0, -2.0], [-3.0, 4.0]], 0.0)
[[1.0, 0.0], [0.0, 4.0]]
"""

import builtins
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeAlias, overload

from autograd import _select, errors, ops
from autograd._select import Value
from autograd.checks import as_list
from autograd.elements import by_element, holds_elements
from autograd.trees import is_branching
from autograd.value import Number


class Array(Protocol):
    """A NumPy array, for those who have none."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of its axes."""

    def ravel(self) -> Any:
        """Its elements in one row."""


Nest: TypeAlias = "Number | list[Any] | tuple[Any, ...]"
Elements: TypeAlias = "Number | list[Any] | tuple[Any, ...] | Array"


class Elementwise(Protocol):
    """A function of numbers or Values, or of every element of arrays and nested lists."""

    @overload
    def __call__(self, x: Value, /, *others: Number, **named: Number) -> Value: ...
    @overload
    def __call__(self, x: float, /, *others: float, **named: float) -> float: ...
    @overload
    def __call__(self, x: Number, /, *others: Number, **named: Number) -> Number: ...
    @overload
    def __call__(self, x: list[Any], /, *others: Nest, **named: Nest) -> list[Any]: ...
    @overload
    def __call__(self, x: tuple[Any, ...], /, *others: Nest, **named: Nest) -> tuple[Any, ...]: ...
    @overload
    def __call__(self, x: Elements, /, *others: Elements, **named: Elements) -> Any: ...


class Predicate(Protocol):
    """A question about a number or Value, or about every element of arrays and nested lists."""

    @overload
    def __call__(self, x: Number, /) -> bool: ...
    @overload
    def __call__(self, x: list[Any], /) -> list[Any]: ...
    @overload
    def __call__(self, x: tuple[Any, ...], /) -> tuple[Any, ...]: ...
    @overload
    def __call__(self, x: Elements, /) -> Any: ...


class Reduction(Protocol):
    """A function of one sequence of numbers or Values."""

    @overload
    def __call__(self, values: Iterable[Value], /) -> Value: ...
    @overload
    def __call__(self, values: Iterable[float], /) -> float: ...
    @overload
    def __call__(self, values: Iterable[Number], /) -> Number: ...


def _elementwise(*rules: ops.Rule) -> Iterator[Elementwise]:
    return map(_elementwise_function, rules)


def _elementwise_function(rule: ops.Rule) -> Any:
    function = _select.elementwise(rule)
    return _named(function, rule, "Numbers or Values give one of the same, arrays and lists many")


def _reduction(rule: ops.Rule, *, empty: float | None = None) -> Any:
    def function(values: Any, /) -> Any:
        values = _sequence(rule.__name__, values)
        if not values:
            if empty is None:
                raise errors.ShapeError(f"{rule.__name__} of an empty sequence has no value")
            return empty
        return _select.evaluate(rule, *values)

    return _named(function, rule, "Takes one sequence of numbers or Values")


def _sequence(name: str, values: Any) -> list[Any]:
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
    function.__module__ = __name__
    function.__doc__ = f"{summary}: the value of rule ``ops.{rule.__name__}``." + (
        f" Where it has no derivative it takes: {facts.kink}." if facts.kink else ""
    )
    function.__doc__ += f" Of fewer digits than others: {facts.digits}." if facts.digits else ""
    return function


add, sub, mul = _elementwise(ops.add, ops.sub, ops.mul)
div, neg, pow = _elementwise(ops.div, ops.neg, ops.pow)
abs, sign, square = _elementwise(ops.abs, ops.sign, ops.square)
sqrt, cbrt, hypot = _elementwise(ops.sqrt, ops.cbrt, ops.hypot)
exp, exp2, expm1 = _elementwise(ops.exp, ops.exp2, ops.expm1)
log, log2, log10, log1p = _elementwise(ops.log, ops.log2, ops.log10, ops.log1p)
xlogy, logit, logaddexp = _elementwise(ops.xlogy, ops.logit, ops.logaddexp)
sin, cos, tan, sinc = _elementwise(ops.sin, ops.cos, ops.tan, ops.sinc)
asin, acos, atan, atan2 = _elementwise(ops.asin, ops.acos, ops.atan, ops.atan2)
sinh, cosh, tanh = _elementwise(ops.sinh, ops.cosh, ops.tanh)
asinh, acosh, atanh = _elementwise(ops.asinh, ops.acosh, ops.atanh)
erf, erfc, sigmoid = _elementwise(ops.erf, ops.erfc, ops.sigmoid)
ndtr, log_ndtr = _elementwise(ops.ndtr, ops.log_ndtr)
logsigmoid, softplus, relu = _elementwise(ops.logsigmoid, ops.softplus, ops.relu)
leaky_relu, elu, gelu, silu = _elementwise(ops.leaky_relu, ops.elu, ops.gelu, ops.silu)
mish, softsign, hardtanh = _elementwise(ops.mish, ops.softsign, ops.hardtanh)
maximum, minimum, clip = _elementwise(ops.maximum, ops.minimum, ops.clip)
where, floor, ceil, fmod = _elementwise(ops.where, ops.floor, ops.ceil, ops.fmod)
mod, floordiv = _elementwise(ops.mod, ops.floordiv)

sum: Reduction = _reduction(ops.sum, empty=0.0)
prod: Reduction = _reduction(ops.prod, empty=1.0)
norm: Reduction = _reduction(ops.norm, empty=0.0)
mean: Reduction = _reduction(ops.mean)
max: Reduction = _reduction(ops.max)
min: Reduction = _reduction(ops.min)
logsumexp: Reduction = _reduction(ops.logsumexp)
entropy: Reduction = _reduction(ops.entropy)

dot: Callable[[Iterable[Number], Iterable[Number]], Any] = _select.dot
dot.__module__ = __name__
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
        return meaning(_select.float_of(x))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{summary}; an array or nested list of answers for one of numbers."
    return function


isnan: Predicate = _predicate("isnan", math.isnan, "Whether a number or Value is nan")
isinf: Predicate = _predicate("isinf", math.isinf, "Whether a number or Value is infinite")
isfinite: Predicate = _predicate("isfinite", math.isfinite, "Whether it is no nan or infinity")


def softmax(logits: Iterable[Number]) -> list[Any]:
    """The probabilities proportional to exp(logit); they sum to 1 and never overflow.

    >>> import autograd
    >>> autograd.softmax([1000.0, 1000.0])
    [0.5, 0.5]
    """
    return [exp(x) for x in log_softmax(logits)]


def log_softmax(logits: Iterable[Number]) -> list[Any]:
    """The logarithms of `softmax`: each logit minus the logsumexp of all of them."""
    shifted = shifted_logits(logits)
    total = logsumexp(shifted) if shifted else 0.0
    return [sub(x, total) for x in shifted]


def shifted_logits(logits: Iterable[Number]) -> list[Any]:
    """The logits minus the largest: the same softmax, without its rounding.

    In the place of the largest is the number 0.0, so that no derivative of what
    follows is a difference of two that are equal up to rounding.
    """
    logits = _sequence("softmax", logits)
    numbers = [x.data if isinstance(x, Value) else x for x in logits]
    largest = builtins.max(numbers, default=0.0)
    if not numbers or not math.isfinite(largest):
        return logits
    if len(numbers) == 1:
        return [sub(logits[0], largest)]
    place = numbers.index(largest)
    return [0.0 if i == place else sub(x, logits[place]) for i, x in enumerate(logits)]
