"""The signatures that `help` and editors show of what is made in a loop, or compiled."""

from collections.abc import Callable
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import inspect


def typed(rule: Callable[..., Any], first: str, others: str, result: str) -> FunctionType:
    """`rule` with the types of its operands and of what its function gives: for `__wrapped__`."""
    shown = FunctionType(rule.__code__, rule.__globals__, rule.__name__, rule.__defaults__)
    head, *tail = rule.__code__.co_varnames[: rule.__code__.co_argcount]
    shown.__annotations__ = {head: first, **dict.fromkeys(tail, others), "return": result}
    shown.__doc__ = rule.__doc__
    return shown


class OfConstructor:
    """The `__signature__` of a class with its own `__new__`: that of its `__init__`.

    A subclass that has one of the two itself shows its own.
    """

    def __init__(self, constructor: Callable[..., None]) -> None:
        self.constructor = constructor

    def __get__(self, instance: object, kind: type) -> "inspect.Signature":
        import inspect  # it takes long to load

        maker = next(c for c in kind.__mro__ if {"__init__", "__new__"} & vars(c).keys())
        if instance is not None or vars(maker).get("__signature__") is not self:
            raise AttributeError("__signature__")
        signature = inspect.signature(self.constructor)
        _, *given = signature.parameters.values()
        return signature.replace(parameters=given)
