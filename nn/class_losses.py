"""Losses of classes that exclude each other: one score or probability for each of them.

Scores are one sequence, or a batch of sequences. A target is a class index, or
one weight for each class. `reduction` and `sample_weight` are those of
`nn.losses`. `weight` has one number for each class, with which the mean
counts every sample of it, and targets equal to `ignore_index` count for
nothing, as in ``torch.nn.functional``.
"""

from collections.abc import Callable, Sequence
from typing import Any

import autograd
from autograd import Value
from autograd.engines.numbers import float_of
from autograd.errors import ShapeError
from autograd.functions import shifted_logits
from nn.losses import log_of_probability
from nn.pairing import IGNORED, class_index, class_weights, classes, number_of, plain, warn
from nn.settings import as_number


def cross_entropy(
    logits: Any,
    targets: Any,
    reduction: str = "mean",
    *,
    weight: Any = None,
    ignore_index: int = IGNORED,
    label_smoothing: float = 0.0,
    sample_weight: Any = None,
) -> Any:
    """-log softmax(logits)[target], for one sequence of logits or a batch of them.

    A target is a class index, or one weight per class (one-hot or soft). An
    index out of range, or another number of weights, raises ShapeError.
    `label_smoothing` is the share of the target that goes to all classes evenly
    (Szegedy et al., 2016). Of class indices the mean counts each sample with
    the `weight` of its class. Probabilities given as logits are warned of.

    >>> round(cross_entropy([2.0, 1.0, 0.1], 0), 4)
    0.417
    """
    smoothing = as_number("label_smoothing", label_smoothing, most=1.0)
    weights = class_weights(weight)

    def look_at(rows: list[list[Any]]) -> None:
        _check_several(rows, "cross_entropy")
        if _are_probabilities(rows):
            warn(
                "cross_entropy takes logits, and these are probabilities already, as softmax gives "
                "them: use nn.categorical_cross_entropy, or leave the softmax out "
                '(output="identity")'
            )

    def term(row: list[Any], target: Any) -> tuple[Any, Any]:
        if weights is None and not smoothing:
            if not _is_ignored(target, ignore_index):
                return _cross_entropy(row, target), 1.0
            return 0.0, 0.0

        def loss(target: Any) -> Any:
            return _cross_entropy(row, target)

        def expected(target_weights: list[Any]) -> Any:
            return _expected(autograd.log_softmax(row), target_weights)

        return _with_options(row, target, loss, expected, weights, ignore_index, smoothing)

    return classes(term, logits, targets, reduction, sample_weight, look_at)


def categorical_cross_entropy(
    probabilities: Any,
    targets: Any,
    reduction: str = "mean",
    *,
    weight: Any = None,
    ignore_index: int = IGNORED,
    label_smoothing: float = 0.0,
    sample_weight: Any = None,
) -> Any:
    """-log probabilities[target], for the probabilities of a softmax or a batch of them.

    Targets and options as in `cross_entropy`. Logarithms stop at -100, as those
    of `binary_cross_entropy`; from logits, use `cross_entropy`, which loses
    nothing. What is no distribution over the classes raises ValueError.

    >>> import autograd
    >>> round(categorical_cross_entropy(autograd.softmax([2.0, 1.0, 0.1]), 0), 4)
    0.417
    """
    smoothing = as_number("label_smoothing", label_smoothing, most=1.0)
    weights = class_weights(weight)

    def term(row: list[Any], target: Any) -> tuple[Any, Any]:
        _check_distribution(row)

        def loss(target: Any) -> Any:
            if isinstance(target, list):
                return expected(_target_weights(row, target))
            return -log_of_probability(row[class_index(row, target)])

        def expected(target_weights: list[Any]) -> Any:
            return autograd.sum(
                [
                    weight * -log_of_probability(p)
                    for weight, p in zip(target_weights, row, strict=True)
                    if isinstance(weight, Value) or weight
                ]
            )

        return _with_options(row, target, loss, expected, weights, ignore_index, smoothing)

    return classes(
        term, probabilities, targets, reduction, sample_weight,
        lambda rows: _check_several(rows, "categorical_cross_entropy"),
    )  # fmt: skip


def negative_log_likelihood(
    log_probabilities: Any,
    targets: Any,
    reduction: str = "mean",
    *,
    weight: Any = None,
    ignore_index: int = IGNORED,
    sample_weight: Any = None,
) -> Any:
    """-log_probabilities[target]: what `cross_entropy` does after ``log_softmax``.

    Targets, `weight` and `ignore_index` as in `cross_entropy`.
    """
    weights = class_weights(weight)

    def look_at(rows: list[list[Any]]) -> None:
        if _are_probabilities(rows):
            warn(
                "negative_log_likelihood takes the logarithms of probabilities, and these are "
                "the probabilities: use nn.categorical_cross_entropy, or log_softmax for softmax"
            )

    def term(row: list[Any], target: Any) -> tuple[Any, Any]:
        def loss(target: Any) -> Any:
            return _expected(row, target)

        return _with_options(row, target, loss, loss, weights, ignore_index, 0.0, sums_to_one=False)

    return classes(term, log_probabilities, targets, reduction, sample_weight, look_at)


def multiclass_hinge(
    scores: Any,
    targets: Any,
    reduction: str = "mean",
    margin: float = 1.0,
    *,
    weight: Any = None,
    ignore_index: int = IGNORED,
    sample_weight: Any = None,
) -> Any:
    """The SVM loss: the sum over the other classes j of max(0, score[j] - score[target] + margin).

    Weston & Watkins, 1999, as CS231n has it; PyTorch's ``multi_margin_loss``
    is this over the number of classes. A target is a class index, or its
    one-hot row. A `margin` that is not positive raises SettingError.

    >>> round(multiclass_hinge([3.2, 5.1, -1.7], 0), 4)
    2.9
    """
    margin = as_number("margin", margin, positive=True)
    weights = class_weights(weight)

    def term(row: list[Any], target: Any) -> tuple[Any, Any]:
        if isinstance(target, list):
            target = _index_of_one(row, target)

        def loss(target: Any) -> Any:
            own = row[class_index(row, target)]
            return autograd.sum(
                [
                    autograd.relu(score - own + margin)
                    for position, score in enumerate(row)
                    if position != target
                ]
            )

        return _with_options(row, target, loss, loss, weights, ignore_index, 0.0)

    return classes(
        term, scores, targets, reduction, sample_weight,
        lambda rows: _check_several(rows, "multiclass_hinge"),
    )  # fmt: skip


def _cross_entropy(logits: Sequence[Any], target: Any) -> Any:
    if isinstance(target, list):
        return _expected(autograd.log_softmax(logits), _target_weights(logits, target))
    index, shifted = class_index(logits, target), shifted_logits(logits)
    return autograd.logsumexp(shifted) - shifted[index]


def _expected(log_probabilities: Sequence[Any], target: Any) -> Any:
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


def _with_options(
    row: list[Any],
    target: Any,
    loss: Callable[[Any], Any],
    expected: Callable[[list[Any]], Any],
    weights: list[Any] | None,
    ignore_index: int,
    smoothing: float,
    *,
    sums_to_one: bool = True,
) -> tuple[Any, Any]:
    """The loss of one target and what it counts for: PyTorch's rules.

    `loss` is that of a target, `expected` that of weights which need not sum to 1.
    """
    if weights is not None and len(weights) != len(row):
        raise ShapeError(f"weight has {len(weights)} numbers for {len(row)} classes")
    if _is_ignored(target, ignore_index):
        return 0.0, 0.0
    if isinstance(target, list):
        if weights is None and not smoothing:
            return loss(target), 1.0
        shares = _target_weights(row, target, sums_to_one=sums_to_one)
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


def _is_ignored(target: Any, ignore_index: int) -> bool:
    return not isinstance(target, list | Value | str) and bool(target == ignore_index)


def _target_weights(
    row: Sequence[Any], target: list[Any], *, sums_to_one: bool = True
) -> list[Any]:
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


def _check_count(row: Sequence[Any], target: list[Any]) -> None:
    if len(target) != len(row):
        hint = f"; write {target[0]!r} instead of {target!r}" if len(target) == 1 else ""
        raise ShapeError(f"{len(target)} target weights for {len(row)} classes{hint}")


def _index_of_one(row: list[Any], target: list[Any]) -> int:
    _check_count(row, target)
    numbers = [plain(number_of(weight, "weight of a class")) for weight in target]
    if sorted(numbers) != [0.0] * (len(numbers) - 1) + [1.0]:
        raise ValueError(f"multiclass_hinge takes a class index or a one-hot row, got {target!r}")
    return numbers.index(1.0)


def _check_several(rows: list[list[Any]], name: str) -> None:
    if len(rows[0]) == 1:
        raise ShapeError(
            f"{name} of one score is always 0: give the model one output for each class, or use "
            "nn.binary_cross_entropy_with_logits with the single one"
        )


def _check_distribution(row: list[Any]) -> None:
    numbers = list(map(float_of, row))
    if not (all(0.0 <= p <= 1.0 for p in numbers) and abs(sum(numbers) - 1.0) < 1e-5):
        raise ValueError(
            f"the probabilities of one sample lie between 0 and 1 and sum to 1, got {numbers}: end "
            'the model with output="softmax"; for logits use nn.cross_entropy, for classes that '
            "do not exclude each other nn.binary_cross_entropy"
        )


def _are_probabilities(rows: list[list[Any]]) -> bool:
    """Whether all rows are what softmax gives, and none of them logits as far as one can know.

    Values tell by their operation, numbers only by their sum. Rows of equal
    numbers, and of nothing but 0 and 1, may well be logits.
    """
    telling = False
    for row in rows:
        total = 0.0
        for score in row:
            if isinstance(score, Value):
                if score.op not in _OF_SOFTMAX or (not score.op and score.requires_grad):
                    return False
                number = score.data
            else:
                number = float_of(score)
            if not 0.0 <= number <= 1.0:
                return False
            telling = telling or (0.0 < number < 1.0 and abs(number * len(row) - 1.0) > 1e-9)
            total += number
        if abs(total - 1.0) > 1e-6:
            return False
    return telling


_OF_SOFTMAX = ("exp", "div", "mul", "")  # the last operation of a softmax, also of one by hand
