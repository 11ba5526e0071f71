"""Class targets, and what a loss makes of them: weights, ignored ones, smoothing.

The rules are PyTorch's. While `autograd.compile` traces a loss, a target has no number yet:
then each class is asked whether it is the one that is meant, and what a target must be is
checked before every replay.
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import autograd
from autograd import Value
from autograd.errors import ShapeError
from autograd.support import tracing
from nn.arguments.numbers import LABELS, is_known, number_of, plain
from nn.arguments.rows import opened
from nn.arguments.settings import as_number
from nn.loss_parts.terms import weight_of

IGNORED = -100  # the class index that counts for nothing, as in PyTorch


def class_index(scores: Sequence[Any], target: Any) -> int:
    """The class index `target`; TypeError or ShapeError where it is none of these scores."""
    try:
        index = operator.index(target)
    except TypeError:
        kind = type(target).__name__
        hint = ""
        if isinstance(target, str | bytes):
            hint = f": {LABELS}"
        elif isinstance(target, float) and target.is_integer():
            hint = f": write {int(target)}, or int(t) for every target"
        elif isinstance(target, Value):
            hint = ": a class index has no derivative; give an int, or weights as Values"
        raise TypeError(
            f"a class target is an int or one weight per class, got {kind} {target!r}{hint}"
        ) from None
    if not 0 <= index < len(scores):
        raise ShapeError(f"class {index} of {len(scores)}: count from 0 to {len(scores) - 1}")
    return index


def picked(row: Sequence[Any], target: Any) -> Any:
    """What stands in `row` for the class index `target`."""
    if is_known(target):
        return row[class_index(row, target)]
    return autograd.sum(list(map(autograd.where, chosen(len(row), target), row, [0.0] * len(row))))


def chosen(count: int, target: Any) -> list[Any]:
    """1 for the class that the number `target`, which is not known yet, will mean, and 0."""
    return [autograd.where(target - position, 0.0, 1.0) for position in range(count)]


@dataclass(frozen=True)
class IndexCheck:
    """What a class index must be, as `class_index` has it, or the one that is ignored."""

    count: int
    ignored: int

    def __call__(self, *numbers: float) -> None:
        """TypeError or ShapeError for another number."""
        for number in numbers:
            if number != self.ignored:
                class_index(range(self.count), int(number) if number == number // 1 else number)


@dataclass(frozen=True)
class ClassOptions:
    """The options of a class loss: the weight of each class, the ignored index, smoothing."""

    weights: list[Any] | None
    ignore_index: int
    smoothing: float = 0.0

    @property
    def plain(self) -> bool:
        """Whether every target counts alike."""
        return self.weights is None and not self.smoothing

    def ignore(self, target: Any) -> bool:
        """Whether `target` is the class index that counts for nothing."""
        return not isinstance(target, list | Value | str) and bool(target == self.ignore_index)

    def term(
        self,
        row: list[Any],
        target: Any,
        loss: Callable[[Any], Any],
        expected: Callable[[list[Any]], Any],
        *,
        sums_to_one: bool = True,
    ) -> tuple[Any, Any]:
        """The loss of one target and what it counts for.

        `loss` is that of a target, `expected` that of weights which need not sum to 1.
        """
        weights, smoothing = self.weights, self.smoothing
        if weights is not None and len(weights) != len(row):
            raise ShapeError(f"weight has {len(weights)} numbers for {len(row)} classes")
        if not is_known(target):
            return self._unknown_term(row, target, loss, expected)
        if self.ignore(target):
            return 0.0, 0.0
        if isinstance(target, list):
            if self.plain:
                return loss(target), 1.0
            shares = target_weights(row, target, sums_to_one=sums_to_one)
            shares = [(1.0 - smoothing) * share + smoothing / len(row) for share in shares]
            factors = weights or [1.0] * len(row)
            return expected([a * b for a, b in zip(shares, factors, strict=True)]), 1.0
        return self._index_term(row, target, loss, expected)

    def _index_term(
        self,
        row: list[Any],
        target: Any,
        loss: Callable[[Any], Any],
        expected: Callable[[list[Any]], Any],
    ) -> tuple[Any, Any]:
        weights, smoothing = self.weights, self.smoothing
        own = 1.0 if weights is None else picked(weights, target)
        total = loss(target)
        if weights is not None:
            total = own * total
        if smoothing:
            even = expected(weights or [1.0] * len(row))
            total = (1.0 - smoothing) * total + smoothing / len(row) * even
        return total, own

    def _unknown_term(
        self,
        row: list[Any],
        target: Any,
        loss: Callable[[Any], Any],
        expected: Callable[[list[Any]], Any],
    ) -> tuple[Any, Any]:
        """The same for an index that is not known yet: it may be the one to ignore."""
        tracing.check_rows(IndexCheck(len(row), self.ignore_index), [target], plain)
        total, own = self._index_term(row, target, loss, expected)
        counts = target - self.ignore_index
        return autograd.where(counts, total, 0.0), autograd.where(counts, own, 0.0)


def class_options(weight: Any, ignore_index: int, label_smoothing: Any = 0.0) -> ClassOptions:
    """The options as given; ShapeError, ValueError or SettingError for what they cannot be."""
    smoothing = as_number("label_smoothing", label_smoothing, most=1.0)
    if weight is None:
        return ClassOptions(None, ignore_index, smoothing)
    weight = opened(weight, "weight")
    if not isinstance(weight, list):
        raise ShapeError(f"weight has one number for each class, got {weight!r}")
    return ClassOptions(list(map(weight_of, weight)), ignore_index, smoothing)


def expected_loss(log_probabilities: Sequence[Any], target: Any) -> Any:
    """-log_probabilities[target], or the sum of them all by the weights of a soft target."""
    if not isinstance(target, list):
        return -picked(log_probabilities, target)
    _check_count(log_probabilities, target)
    weights = [number_of(weight, "weight of a class") for weight in target]
    terms = [
        -weight * p
        for weight, p in zip(weights, log_probabilities, strict=True)
        if isinstance(weight, Value) or weight
    ]
    return autograd.sum(terms)


def target_weights(row: Sequence[Any], target: list[Any], *, sums_to_one: bool = True) -> list[Any]:
    """The weights of a soft target; ShapeError or ValueError where they are none."""
    weights = [number_of(weight, "weight of a class") for weight in target]
    if sums_to_one:
        tracing.check_rows(_check_shares, weights, plain)
    _check_count(row, target)
    return weights


def _check_shares(*numbers: float) -> None:
    if min(numbers, default=0.0) < 0.0 or not abs(sum(numbers) - 1.0) < 1e-6:
        raise ValueError(
            "target weights of one sample are from 0 up and sum to 1, got "
            f"{_as_text(numbers)}; class indices need one sequence of logits each, and a model "
            "with one output nn.binary_cross_entropy_with_logits"
        )


def index_of_one(row: Sequence[Any], target: list[Any]) -> Any:
    """The class index of a one-hot row, or ValueError."""
    _check_count(row, target)
    weights = [number_of(weight, "weight of a class") for weight in target]
    tracing.check_rows(_check_one_hot, weights, plain)
    if all(map(is_known, weights)):
        return list(map(plain, weights)).index(1.0)
    return autograd.dot(weights, range(len(weights)))


def _check_one_hot(*numbers: float) -> None:
    if sorted(numbers) != [0.0] * (len(numbers) - 1) + [1.0]:
        raise ValueError(
            f"multiclass_hinge takes a class index or a one-hot row, got {_as_text(numbers)}"
        )


def _as_text(numbers: Sequence[float]) -> str:
    return f"[{', '.join(f'{number:.12g}' for number in numbers)}]"


def _check_count(row: Sequence[Any], target: list[Any]) -> None:
    if len(target) != len(row):
        hint = f"; write {target[0]!r} instead of {target!r}" if len(target) == 1 else ""
        raise ShapeError(f"{len(target)} target weights for {len(row)} classes{hint}")
