"""What was given where a picture needs a Value: refused with the way to one."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from autograd.engines.select import Value
from autograd.errors import ShapeError
from autograd.support.structures import flatten, is_branching
from autograd.visual.texts import printable

LONGEST = 80  # characters of what was given


def expect_value(function: str, given: Any, role: str = "") -> None:
    """TypeError unless `given` is a Value: what it is, and what to write instead."""
    if isinstance(given, Value):
        return
    if role == "input":
        advice = f"give one Value that the output depends on: {function}(output, x)"
    else:
        advice = _advice(given, f"{function}({{}}, x)" if role else f"{function}({{}})")
    takes = f"{function} takes Values: {role} is" if role else f"{function} takes a Value, got"
    raise TypeError(f"{takes} {shown(given)}; {advice}")


def expect_names(names: Any) -> None:
    """TypeError unless `names` is None or a dict from names to what they stand for."""
    if names is None:
        return
    if not isinstance(names, Mapping):
        given = shown(names)
        raise TypeError(f"names takes a dict such as locals(), got {given}: write names=locals()")
    for key in names:
        if isinstance(key, Value):
            raise TypeError(f"names is a dict from names to Values, but its key is {shown(key)}")


def expect_format(number_format: Any) -> None:
    """ValueError, or TypeError, unless numbers can be formatted with it."""
    advice = "number_format takes a format specification such as '.4g' or '.2f', got"
    if not isinstance(number_format, str):
        raise TypeError(f"{advice} {shown(number_format)}")
    try:
        format(1.5, number_format)
    except ValueError as error:
        raise ValueError(f"{advice} {number_format!r}: {error}") from None


def shown(given: Any) -> str:
    """The type and the beginning of its text, on one line."""
    kind = type(given).__name__
    try:
        text = printable(" ".join(repr(given).split()), LONGEST)
    except Exception:  # noqa: BLE001 - whatever a user's class does
        return f"one {kind}"
    return text if text.startswith(kind) else f"{kind} {text}"


def _holds_values(given: Any) -> bool:
    with suppress(ShapeError):  # a list that holds itself
        return is_branching(given) and any(isinstance(leaf, Value) for leaf in flatten(given)[0])
    return False


def _advice(given: Any, call: str) -> str:
    """How to get from it to a Value; `call` is what to write, with a place for that."""

    def written(value: str) -> str:
        return call.format(value)

    if isinstance(given, type):
        return f"make one: {written('Value(1.0)')}"
    if callable(getattr(given, "parameters", None)):
        return f"call the model: {written('loss')}, or {written('model(x)')}"
    if callable(given):
        return f"call it with Values: {written('f(Value(1.0))')}"
    if isinstance(given, str):
        return f"read it as an expression: {written('parse(text, x=1.0)')}"
    if _holds_values(given):
        one, together = written("values[0]"), written("autograd.sum(values)")
        return f"take one of its Values, {one}, or all together, {together}"
    if given is None:
        return "did the function that made it return its result?"
    return "plain numbers have no graph: start from Value(1.0) and compute with it"
