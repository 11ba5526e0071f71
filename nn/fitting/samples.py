"""Samples, their targets and, where there are some, their weights: what goes together."""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import Random
from typing import Any, NamedTuple

from autograd import no_grad
from autograd.engines.numbers import float_of
from autograd.errors import ChainruleError, ShapeError
from nn.arguments.rows import DataError, as_rows, check_finite, check_no_text, same_length
from nn.arguments.settings import SettingError, as_number
from nn.class_reading.which_reading import loss_is_unknown
from nn.data import batches, train_test_split
from nn.fitting.fit_arguments import kind_of
from nn.metrics import judge_of
from nn.module import Module


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


def read_samples(
    model: Module, X: Any, y: Any, loss: Callable[..., Any], what: str = ""
) -> Samples:
    """X and y as rows of equal number, without nan, infinities, gaps or, where none can be, texts.

    A loss of your own may know what a nan among the targets means: where it gives a
    finite number for all the samples, they pass.
    """
    X, y = as_rows(X, f"{what}X"), as_rows(y, f"{what}y")
    same_length(X, y, what and f"{what.strip()}: ")
    check_finite(X, f"{what}X")
    if type(model).__module__ == "nn.layers":
        check_no_text(X, f"{what}X", "make numbers of it, float(...) or one column per category")
    try:
        check_finite(y, f"{what}y")
    except DataError:
        if is_ours(loss) or not _is_finite(model, X, y, loss):
            raise
    if is_ours(loss):
        check_no_text(
            y,
            f"{what}y",
            "number the classes: classes = sorted(set(y)), [classes.index(c) for c in y]",
        )
    return Samples(X, y)


def counting(samples: Samples, sample_weight: Any, loss: Callable[..., Any]) -> Samples:
    """`samples` with their weights, without those that count for nothing.

    These have the weight 0, or a target that `loss` ignores: no batch is made of them alone.
    """
    weights = _weights(sample_weight, samples, loss)
    judge = judge_of(loss) if is_ours(loss) else None  # knows what is ignored
    X, y = samples.X, samples.y
    rows = [
        row
        for row in range(len(X))
        if (judge is None or judge.counts(y[row])) and (not weights or weights[row])
    ]
    if not rows:
        raise ShapeError("no sample counts: each has an ignored target or weight 0")
    if len(rows) < len(X):
        X, y = [X[row] for row in rows], [y[row] for row in rows]
        weights = [weights[row] for row in rows] if weights else weights
    return Samples(X, y, weights)


def _weights(given: Any, samples: Samples, loss: Callable[..., Any]) -> list[float]:
    """One finite weight from 0 up for each of the samples; none where none are given.

    TypeError for a loss that is none of `nn`: only of those it is known what weights do.
    """
    if given is None:
        return []
    if not is_ours(loss):
        raise TypeError(
            f"sample_weight goes with the losses of nn, got {kind_of(loss)}: weigh the samples in "
            "your loss, with the weights beside the targets in y"
        )
    if isinstance(loss, partial) and loss.keywords.get("reduction", "mean") != "mean":
        raise SettingError("sample_weight goes with reduction='mean': leave the reduction out")
    weights = as_rows(given, "sample_weight")
    if len(weights) != len(samples.X):
        raise ShapeError(
            f"{len(weights)} sample weights for {len(samples.X)} samples: one for each sample"
        )
    return [as_number(f"sample_weight of row {row}", w) for row, w in enumerate(weights)]


def read_held(model: Module, validation: Any, loss: Callable[..., Any]) -> Samples | None:
    """The samples to judge by, where they are given as a pair."""
    if not isinstance(validation, tuple):
        return None
    X, y = validation
    return counting(read_samples(model, X, y, loss, "validation "), None, loss)


def _is_finite(model: Module, X: list[Any], y: list[Any], loss: Callable[..., Any]) -> bool:
    try:
        with no_grad():
            return math.isfinite(float_of(loss([model(x) for x in X], y)))
    except (ChainruleError, ValueError, TypeError, ArithmeticError):
        return False


def is_ours(loss: Callable[..., Any]) -> bool:
    """Whether `loss` is one of `nn`, or a partial of one."""
    while isinstance(loss, partial):
        loss = loss.func
    # What wraps one of ours may do more than it.
    return not hasattr(loss, "__wrapped__") and not loss_is_unknown(loss)
