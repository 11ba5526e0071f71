"""`vectorize`: a function of numbers over arrays, element by element, with its derivatives."""

import functools
from collections.abc import Callable
from typing import Any

from autograd.programs.program import Program, compile


def vectorize(function: Callable[..., Any]) -> "Vectorized":
    """`function`, of numbers and giving one, over arrays that are broadcast against each other.

    It is traced once, as `compile` does, and replayed for all elements; its
    `value_and_gradient` gives the partial derivatives too, an array for each argument. Needs
    NumPy.

    >>> import autograd, numpy
    >>> @autograd.vectorize
    ... def area(width, height):
    ...     return width * height
    >>> area(numpy.array([[1.0], [2.0]]), [3.0, 4.0])
    array([[3., 4.],
           [6., 8.]])
    >>> value, (by_width, by_height) = area.value_and_gradient([1.0, 2.0], 3.0)
    >>> value, by_width, by_height
    (array([3., 6.]), array([3., 3.]), array([1., 2.]))
    """
    return Vectorized(compile(function))


class Vectorized:
    """A function over arrays: see `vectorize`."""

    def __init__(self, program: Program) -> None:
        self.program = program
        functools.update_wrapper(self, program.function, updated=())

    def __call__(self, *arguments: Any) -> Any:
        """An array of what the function gives for every element, in their common shape."""
        shape, columns = _broadcast(arguments)
        if not columns[0].size:
            return columns[0].reshape(shape)
        return self.program.batch(*columns).reshape(shape)

    def value_and_gradient(self, *arguments: Any) -> tuple[Any, tuple[Any, ...]]:
        """The same, and by each argument its partial derivatives, in the same shape."""
        shape, columns = _broadcast(arguments)
        if not columns[0].size:
            return columns[0].reshape(shape), tuple(c.reshape(shape) for c in columns)
        values, by_inputs = self.program.batch_value_and_gradient(*columns)
        parts = by_inputs.reshape(-1, len(columns)).T
        return values.reshape(shape), tuple(part.reshape(shape).copy() for part in parts)

    def __repr__(self) -> str:
        return f"<vectorized {self.program!r}>"


def _broadcast(arguments: tuple[Any, ...]) -> tuple[tuple[int, ...], list[Any]]:
    import numpy as np

    if not arguments:
        raise TypeError("a vectorized function takes at least one array or number")
    arrays = np.broadcast_arrays(*[np.asarray(each, dtype=np.float64) for each in arguments])
    return arrays[0].shape, [np.ascontiguousarray(each).ravel() for each in arrays]
