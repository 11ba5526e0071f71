"""NumPy on either side of a Value, without importing NumPy.

A Value beside numbers or arrays is asked by NumPy itself: `apply_ufunc` answers.
An array that holds Values is not: NumPy goes through its elements by rules of its
own. What they do by operators (``+``, ``@``, ``<``) is right. The others compare
and hand on one of the two (``np.maximum``, ``np.max``, ``np.clip``: a nan is lost,
a tie gives all to one side, a plain number may come out), or ask each element for
a method that plain numbers do not have (``np.exp``, ``np.arctan2``), or make plain
integers (``np.floor``, ``np.sign``). `numpy_loops` puts ours in their places.

What NumPy sorts (``np.sort``, ``np.median``, ``np.argmax``) it sorts by ``<``, as
Python sorts a list: a nan among Values has no place there, nor is it found by
``np.nanmax`` and its kind, whose result is nan then.

Glossary: *ufunc*: a function of NumPy that goes by element.
"""

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

from autograd import ops

Apply = Callable[..., Any]

_RULES = {
    name: rule
    for rule, facts in ops.TABLE.items()
    for name in (rule.__name__, *facts.numpy.split())
}
_PREDICATES: dict[str, Callable[[float], bool]] = {
    "isnan": math.isnan,
    "isinf": math.isinf,
    "isfinite": math.isfinite,
    "signbit": lambda number: math.copysign(1.0, number) < 0.0,
}


# By Python alone, and always asking the Value: NumPy 1 warns of a nan that CPython has compared,
# and a longdouble, which no Python number holds, asks NumPy again.
_COMPARISONS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "equal": (operator.eq, operator.eq),
    "not_equal": (operator.ne, operator.ne),
    "less": (operator.lt, operator.gt),
    "less_equal": (operator.le, operator.ge),
    "greater": (operator.gt, operator.lt),
    "greater_equal": (operator.ge, operator.le),
}


class _Appliers(dict[type, Apply | None]):
    """The function that makes nodes, by the type of an operand; None for what is no Value."""

    def __missing__(self, kind: type) -> Apply | None:
        for ancestor in kind.__mro__:
            if dict.get(self, ancestor):
                self[kind] = self[ancestor]
                return self[kind]
        return None


appliers = _Appliers({float: None, int: None, bool: None})


LoopOf = Callable[[ops.Rule, Callable[..., Any]], Callable[..., Any]]
loops_of: list[LoopOf] = []


def register(value: type, apply: Apply, loop_of: LoopOf | None = None) -> None:
    """Have `apply` make the nodes where elements of arrays are of type `value`.

    ``loop_of(rule, otherwise)`` gives a faster function than `otherwise`, which does the same.
    """
    appliers[value] = apply
    if loop_of:
        loops_of.append(loop_of)


def any_applier() -> Apply:
    """The function that makes nodes, of the engine that came last."""
    return [apply for apply in appliers.values() if apply][-1]


# --- what a ufunc means ------------------------------------------------------------


def _fmax(apply: Apply, x: Any, y: Any) -> Any:
    return apply(ops.maximum, *_without_nan(x, y))


def _fmin(apply: Apply, x: Any, y: Any) -> Any:
    return apply(ops.minimum, *_without_nan(x, y))


def _without_nan(x: Any, y: Any) -> tuple[Any, Any]:
    """A nan gives way to the other operand; the tie that makes loses no gradient."""
    return x if x <= x else y, y if y <= y else x  # noqa: PLR0124 - only nan is not <= itself


def _logaddexp2(apply: Apply, x: Any, y: Any) -> Any:
    scaled = apply(ops.logsumexp, apply(ops.mul, x, ops.LN2), apply(ops.mul, y, ops.LN2))
    return apply(ops.div, scaled, ops.LN2)


def _rint(apply: Apply, x: Any) -> Any:
    number = _number(x)
    down = not math.isfinite(number) or round(number) <= number
    return apply(ops.floor if down else ops.ceil, x)


def _trunc(apply: Apply, x: Any) -> Any:
    return apply(ops.ceil if x < 0 else ops.floor, x)


def _heaviside(apply: Apply, x: Any, at_zero: Any) -> Any:
    step = apply(ops.mul, 0.5, apply(ops.add, 1.0, apply(ops.sign, x)))
    return apply(ops.where, _number(x) != 0.0, step, at_zero)


def _copysign(apply: Apply, x: Any, y: Any) -> Any:
    sign = apply(ops.sign, y) if _number(y) else math.copysign(1.0, _number(y))
    return apply(ops.mul, apply(ops.abs, x), sign)


def _number(x: Any) -> float:
    return float(x.data if appliers[type(x)] else x)


_COMPOSED: dict[str, Callable[..., Any]] = {
    "copysign": _copysign,
    "deg2rad": lambda apply, x: apply(ops.mul, x, math.pi / 180.0),
    "radians": lambda apply, x: apply(ops.mul, x, math.pi / 180.0),
    "rad2deg": lambda apply, x: apply(ops.mul, x, 180.0 / math.pi),
    "degrees": lambda apply, x: apply(ops.mul, x, 180.0 / math.pi),
    "fmax": _fmax,
    "fmin": _fmin,
    "heaviside": _heaviside,
    "logaddexp2": _logaddexp2,
    "rint": _rint,
    "trunc": _trunc,
}


def rule_of_ufunc(name: str) -> ops.Rule | None:
    """The rule that the ufunc called `name` stands for."""
    return _RULES.get(name)


def meaning_of(name: str) -> Callable[..., Any] | None:
    """What the ufunc called `name` is on Values: a function of `apply` and the operands."""
    rule = rule_of_ufunc(name) if name not in _COMPOSED else None
    if rule:
        return lambda apply, *operands: apply(rule, *operands)
    return _COMPOSED.get(name)


# --- a ufunc that met a Value --------------------------------------------------------


def apply_ufunc(
    apply: Apply, ufunc: Any, method: str, inputs: Sequence[Any], options: dict[str, Any]
) -> Any:
    """What ``ufunc(*inputs)`` gives when at least one input is a Value.

    Single numbers go through the rule of the same meaning; arrays of objects go
    through NumPy, element by element. A ufunc that has no meaning here raises
    TypeError.
    """
    name = ufunc.__name__
    if method == "__call__" and not options and not any(_is_array(x) for x in inputs):
        inputs = [x.item() if hasattr(x, "shape") else x for x in inputs]
        if name in _PREDICATES:
            return _PREDICATES[name](_number(inputs[0]))
        if name in _COMPARISONS:
            compare, reflected = _COMPARISONS[name]
            x, y = inputs
            return compare(x, y) if appliers[type(x)] else reflected(y, x)
        meaning = meaning_of(name)
        if meaning:
            return meaning(apply, *inputs)
    if not any("O" in types for types in ufunc.types):
        raise TypeError(
            f"ufunc {name!r} has no rule for Values: write it with the functions of autograd, "
            "or use .data for the number"
        )
    return getattr(ufunc, method)(*map(_as_array, inputs), **options)


def _is_array(x: Any) -> bool:
    return bool(getattr(x, "shape", ()))


def _as_array(x: Any) -> Any:
    import numpy as np  # it is loaded already: it called us

    if hasattr(x, "shape"):
        return x
    box = np.empty((), dtype=object)
    box[()] = x
    return box
