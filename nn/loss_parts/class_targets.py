"""Class targets, and what a loss makes of them: weights, ignored ones, smoothing.

The rules are PyTorch's.
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import autograd
from autograd import Value
from autograd.errors import ShapeError
from nn.arguments.numbers import LABELS, number_of, plain
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
        if self.ignore(target):
            return 0.0, 0.0
        if isinstance(target, list):
            if self.plain:
                return loss(target), 1.0
            shares = target_weights(row, target, sums_to_one=sums_to_one)
            shares = [(1.0 - smoothing) * share + smoothing / len(row) for share in shares]
            factors = weights or [1.0] * len(row)
            return expected([a * b for a, b in zip(shares, factors, strict=True)]), 1.0
        own = 1.0 if weights is None else weights[class_index(row, target)]
        total = loss(target)
        if weights is not None:
            total = own * total
        if smoothing:
            even = expected(weights or [1.0] * len(row))
            total = (1.0 - smoothing) * total + smoothing / len(row) * even
        return total, own


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
        return -log_probabilities[class_index(log_probabilities, target)]
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
    numbers = list(map(plain, weights))
    if sums_to_one and not (
        all(number >= 0.0 for number in numbers) and abs(sum(numbers) - 1.0) < 1e-6
    ):
        raise ValueError(
            f"target weights of one sample are from 0 up and sum to 1, got {target!r}; "
            "class indices need one sequence of logits each, and a model with one output "
            "nn.binary_cross_entropy_with_logits"
        )
    _check_count(row, target)
    return weights


def index_of_one(row: list[Any], target: list[Any]) -> int:
    """The class index of a one-hot row, or ValueError."""
    _check_count(row, target)
    numbers = [plain(number_of(weight, "weight of a class")) for weight in target]
    if sorted(numbers) != [0.0] * (len(numbers) - 1) + [1.0]:
        raise ValueError(f"multiclass_hinge takes a class index or a one-hot row, got {target!r}")
    return numbers.index(1.0)


def _check_count(row: Sequence[Any], target: list[Any]) -> None:
    if len(target) != len(row):
        hint = f"; write {target[0]!r} instead of {target!r}" if len(target) == 1 else ""
        raise ShapeError(f"{len(target)} target weights for {len(row)} classes{hint}")
