"""NumPy on either side of a Value, without importing NumPy."""

from collections.abc import Callable, Sequence
from typing import Any

from autograd import ops

_OTHER_NAMES = {
    "absolute": "abs",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "divide": "div",
    "fabs": "abs",
    "logaddexp": "logsumexp",
    "multiply": "mul",
    "negative": "neg",
    "power": "pow",
    "fmax": "maximum",
    "fmin": "minimum",
    "float_power": "pow",
    "floor_divide": "floordiv",
    "remainder": "mod",
    "subtract": "sub",
}
_RULES = {rule.__name__: rule for rule in ops.TABLE}


def apply_ufunc(
    apply: Callable[..., Any],
    ufunc: Any,
    method: str,
    inputs: Sequence[Any],
    options: dict[str, Any],
) -> Any:
    """What ``ufunc(*inputs)`` gives when at least one input is a Value.

    Single numbers go through the rule of the same meaning; arrays of objects go
    through NumPy, element by element.
    """
    rule = _RULES.get(_OTHER_NAMES.get(ufunc.__name__, ufunc.__name__))
    if rule and method == "__call__" and not options and not any(_is_array(x) for x in inputs):
        if ufunc.__name__ in ("fmax", "fmin"):
            inputs = _without_nan(*inputs)
        return apply(rule, *inputs)
    return getattr(ufunc, method)(*map(_as_array, inputs), **options)


def _without_nan(x: Any, y: Any) -> tuple[Any, Any]:
    """A nan gives way to the other operand; the tie that makes loses no gradient."""
    return x if x <= x else y, y if y <= y else x  # noqa: PLR0124 - only nan is not <= itself


def _is_array(x: Any) -> bool:
    return bool(getattr(x, "shape", ()))


def _as_array(x: Any) -> Any:
    import numpy as np  # it is loaded already: it called us

    if hasattr(x, "shape"):
        return x
    box = np.empty((), dtype=object)
    box[()] = x
    return box
