"""Reading what a user passed in: numbers, and sequences whose lengths must agree."""

import math
from numbers import Number, Real
from typing import Any

from autograd import errors, ops


def as_float(number: Any) -> float:
    """One real number as a float; NumberError for anything else (arrays, texts, Values)."""
    if type(number) is float:
        return number
    if isinstance(number, Real):
        try:
            return float(number)
        except OverflowError:
            raise errors.RangeError("an integer this large does not fit a float") from None
    if type(number).__module__ == "numpy" and getattr(number, "shape", None) == ():
        item = number.item()
        if type(item).__module__ != "numpy":
            return as_float(item)
    hints = {"Value": "; use .data for its number", "ndarray": "; make one Value per element"}
    hint = [hints[kind.__name__] for kind in type(number).__mro__ if kind.__name__ in hints]
    kind = type(number).__name__
    raise errors.NumberError(f"expected one real number, got {kind} {number!r}" + "".join(hint[:1]))


def equals(number: Any, other: Any) -> Any:
    """Whether `number` is the number `other`; NotImplemented where `other` is none."""
    if isinstance(other, Number):
        return bool(number == other)
    if type(other).__module__ == "numpy" and getattr(other, "shape", None) == ():
        item = other.item()
        if isinstance(item, Number):
            return bool(number == item)
    return NotImplemented


def as_operand(other: Any) -> Any:
    """`other` as a float, or NotImplemented where its own type may know more (NumPy arrays)."""
    try:
        return as_float(other)
    except errors.NumberError:
        if type(other).__module__ == "builtins":
            raise
        return NotImplemented


def operands(rule: ops.Rule, *given: Any, **named: Any) -> tuple[Any, ...]:
    """The operands of a call of `rule`: defaults filled in, names put in their places."""
    if named.get("out", named) is None:  # np.clip(v, low, high) passes it on to v.clip
        del named["out"]
    if named or (rule.__defaults__ and len(given) < rule.__code__.co_argcount):
        import inspect  # it takes long to load

        bound = inspect.signature(rule).bind(*given, **named)
        bound.apply_defaults()
        given = bound.args
    if rule is ops.clip and len(given) == 3:  # None is no bound, as NumPy has it
        x, low, high = given
        return x, -math.inf if low is None else low, math.inf if high is None else high
    return given


def as_list(name: str, values: Any) -> list[Any]:
    """The elements of one sequence; TypeError that names `name` for a single number or Value."""
    try:
        iterator = iter(values)
    except TypeError:
        kind = type(values).__name__
        raise TypeError(f"{name} takes one sequence of numbers or Values, got a {kind}") from None
    return list(iterator)


def checked(rule: ops.Rule, result: Any, operands: int) -> tuple[float, ...]:
    """What a user's rule gave, as floats; TypeError unless its value and one partial for each."""
    if not isinstance(result, tuple) or len(result) != 1 + operands:
        gave = repr(result)
        if isinstance(result, tuple):
            gave = f"{len(result) - 1} partials for {operands} operands"
        raise TypeError(
            f"rule {rule.__name__} gave {gave}; return a tuple: the value, then each partial"
        )
    return tuple(map(as_float, result))


def name_of(function: Any) -> str:
    """What messages call `function`."""
    return str(getattr(function, "__name__", type(function).__name__))


def one_spelling(name: str) -> str:
    """`name` in Unicode's form NFKC, as Python has it, if it is an identifier; else as it is.

    The µ of a keyboard (U+00B5) and the Greek μ (U+03BC) are one name:

    >>> one_spelling(chr(0xB5)) == chr(0x3BC), one_spelling("x²")
    (True, 'x²')
    """
    import unicodedata

    return unicodedata.normalize("NFKC", name) if name.isidentifier() else name
