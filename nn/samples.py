"""Samples, their targets and, where there are some, their weights: what goes together."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, NamedTuple

from nn.data import batches, train_test_split


class Samples(NamedTuple):
    """Rows of equal number; `weights` is empty where all samples count alike.

    >>> Samples([[1.0], [2.0]], [0, 1], [1.0, 3.0]).split(0.5, Random(0))[1]
    Samples(X=[[1.0]], y=[0], weights=[1.0])
    """

    X: list[Any]
    y: list[Any]
    weights: Sequence[float] = ()

    def batches(self, size: int, generator: Random) -> Iterator["Samples"]:
        """All samples once, shuffled."""
        for X, rows in batches(self.X, self._rows(), size, seed=generator):
            yield self._made(X, rows)

    def split(self, share: float, generator: Random) -> "tuple[Samples, Samples]":
        """Those to train on, and the `share` to judge by."""
        X, held_X, rows, held_rows = train_test_split(self.X, self._rows(), share, generator)
        return self._made(X, rows), self._made(held_X, held_rows)

    def _rows(self) -> list[Any]:
        return list(zip(self.y, self.weights, strict=True)) if self.weights else self.y

    def _made(self, X: list[Any], rows: list[Any]) -> "Samples":
        if not self.weights:
            return Samples(X, rows)
        return Samples(X, [target for target, _ in rows], [weight for _, weight in rows])
