"""Reading settings: numbers, counts and switches, as Python has them and as NumPy gives them.

A bool is a switch and no number; ``numpy.bool_``, ``numpy.int64``, ``numpy.float32``
and arrays without dimensions mean what they hold.
"""

import math
import operator
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

from autograd.errors import ChainruleError
from autograd.support.arguments import as_float

T = TypeVar("T")


class SettingError(ChainruleError, ValueError):
    """A setting is out of its range."""


class SettingKindError(SettingError, TypeError):
    """A setting is of another kind than it must be, such as a text for a number."""


def as_count(
    name: str, given: Any, least: float = 1, *, error: type[ChainruleError] = SettingError
) -> int:
    """The whole number `given`, from `least` up; `error` below, SettingKindError for other kinds.

    >>> as_count("epochs", 3)
    3
    """
    try:
        number = operator.index(_no_switch(given))
    except TypeError:
        raise SettingKindError(
            f"{name} must be a whole number{_from(least)}, got {_shown(given)}"
        ) from None
    if number < least:
        raise error(f"{name} must be at least {least}, got {given!r}")
    return number


def as_number(
    name: str, given: Any, *, least: float = 0.0, most: float = math.inf, positive: bool = False
) -> float:
    """The finite number `given` from `least` to `most`, or any `positive` one, as a float.

    SettingError out of range, SettingKindError for what is no number.

    >>> as_number("momentum", 1)
    1.0
    """
    high = " up" if most == math.inf else f" to {most:g}"
    wanted = f"{name} must be a number from {least:g}{high}"
    if least == -math.inf:
        wanted = f"{name} must be a finite number"
    if positive:
        wanted = f"{name} must be positive"
    try:
        scalar = getattr(given, "shape", None) == () and hasattr(given, "item")
        number = as_float(_no_switch(given.item() if scalar else given))
    except TypeError:
        raise SettingKindError(f"{wanted}, got {_shown(given)}") from None
    except OverflowError:
        number = math.inf
    if not least <= number <= most or not math.isfinite(number) or (positive and number <= 0.0):
        finite = " and finite" if positive and number > 0.0 else ""
        raise SettingError(f"{wanted}{finite}, got {given!r}")
    return number


def as_flag(name: str, given: Any) -> bool:
    """The bool `given`, also NumPy's; SettingKindError for all else.

    >>> as_flag("progress", False)
    False
    """
    switch = as_switch(given)
    if switch is None:
        raise SettingKindError(f"{name} must be True or False, got {_shown(given)}")
    return switch


def as_switch(given: Any) -> bool | None:
    """`given` as a bool if it is one, also NumPy's or PyTorch's; None for all else.

    >>> as_switch(True), as_switch(1), as_switch("yes")
    (True, None, None)
    """
    if isinstance(given, bool):
        return given
    if getattr(given, "shape", None) == () and str(getattr(given, "dtype", "")).endswith("bool"):
        return bool(given)
    return None


# What the settings of optimizers do, by their names: several have the same ones.
MEANINGS = {
    "alpha": "How slowly the running mean of squared gradients forgets: from 0 to 1.",
    "amsgrad": "Whether to divide by the largest mean so far instead of the present one.",
    "betas": "How slowly the running means of gradients and of their squares forget: two below 1.",
    "centered": "Whether the mean gradient is taken off before squaring.",
    "dampening": "How much of a new gradient the momentum leaves out.",
    "epsilon": "What is added to a divisor, so that it is not 0.",
    "learning_rate": "How far one step goes; schedules assign it, and so can you.",
    "learning_rate_decay": "How fast the learning rate falls: it is divided by 1 + decay * steps.",
    "momentum": "How much of the last step's direction the next one keeps: from 0 up.",
    "nesterov": "Whether momentum looks ahead.",
    "nudge": "How far each parameter is moved to see what the loss does.",
    "weight_decay": "How strongly every step draws the parameters towards 0.",
}


class Setting(Generic[T]):
    """An attribute that is checked whenever it is set: ``momentum = Setting(as_number)``."""

    def __init__(self, read: Callable[..., T], **limits: Any) -> None:
        self.read, self.limits, self.name = read, limits, ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.__doc__ = MEANINGS.get(name, self.__doc__)

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        try:
            return vars(instance)[self.name]
        except KeyError:
            raise AttributeError(f"{owner.__name__} has no {self.name} yet") from None

    def __set__(self, instance: Any, given: Any) -> None:
        vars(instance)[self.name] = self.read(self.name, given, **self.limits)


def settings_of(kind: type) -> list[str]:
    """The names of every Setting of the class `kind`, inherited ones first."""
    found: dict[str, None] = {}
    for base in reversed(kind.__mro__):
        found.update(dict.fromkeys(k for k, v in vars(base).items() if isinstance(v, Setting)))
    return list(found)


def _no_switch(given: Any) -> Any:
    if as_switch(given) is not None:
        raise TypeError
    return given


def _shown(given: Any) -> str:
    """What was given, with its type where the repr does not tell it."""
    if given is None or isinstance(given, bool | str | type):
        return f"the class {given.__name__}" if isinstance(given, type) else repr(given)
    return f"{type(given).__name__} {given!r}"


def _from(least: float) -> str:
    return "" if least == -math.inf else f" from {least} up"
