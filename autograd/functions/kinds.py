"""What functions take and give, for type checkers."""

from collections.abc import Iterable
from typing import Any, Protocol, TypeAlias, overload

from autograd.engines.select import Value
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
