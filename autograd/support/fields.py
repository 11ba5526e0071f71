"""The public fields of a Value: which can be set, to what, and what is said where one cannot.

The reference class makes properties of its slots here; the compiled one says
the same words.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Never, Protocol, TypeVar

from autograd.errors import as_text

T_co = TypeVar("T_co", covariant=True)


class Fixed(Protocol[T_co]):
    """What type checkers know of a property that is only read."""

    def __get__(self, value: Any, kind: Any = None, /) -> T_co: ...
    def __set__(self, value: Any, new: Never, /) -> None: ...


def fixed(read: Callable[[Any], Any] | str, name: str = "", says: str = "") -> Any:
    """A property that is decided when a Value is made: `read` is a slot, or a function.

    `says` is its docstring, where `read` has none.
    """
    get = attrgetter(read) if isinstance(read, str) else read
    name = name or get.__name__

    def refuse(*_: Any) -> Never:
        raise not_set(name)

    return property(get, refuse, _kept(name), says or get.__doc__)


def settable(slot: str, name: str, check: Callable[[Any], Any], says: str) -> Any:
    """A property of a slot that can be set to what `check` makes of it; `says` is its docstring."""
    return property(
        attrgetter(slot), lambda self, new: setattr(self, slot, check(new)), _kept(name), says
    )


def _kept(name: str) -> Callable[[Any], Never]:
    def refuse(_: Any) -> Never:
        raise not_deleted(name)

    return refuse


def keep(read: Any, name: str) -> Any:
    """`read`, a property that cannot be deleted."""
    return read.deleter(_kept(name))


def as_label(label: Any) -> str:
    """A label: a text."""
    return as_text("a label", label)


def as_scope(scope: Any) -> str:
    """A scope: a text."""
    return as_text("a scope", scope)


def not_set(name: str) -> AttributeError:
    """The error of assigning to what is decided when a Value is made."""
    return AttributeError(f"{name} of a Value is decided when it is made: make another Value")


def not_deleted(name: str) -> AttributeError:
    """The error of deleting what every Value has."""
    return AttributeError(f"{name} cannot be deleted: every Value has it")
