"""Losses: how wrong predictions are, as one Value to minimise.

Predictions and targets have the same shape: single numbers, sequences, or
sequences of sequences (for class losses: one sequence of scores, or a batch of
them). `reduction` is ``"mean"`` (of all elements), ``"sum"``, or ``"none"``
for the losses themselves, shaped as the predictions. The formulas are those of
``torch.nn.functional``. Targets and weights that are Values and require a
gradient get theirs; all others are numbers. A class index has no derivative.

`sample_weight` has one weight for each sample (or, of elements, for each of
them); the mean is then the weighted one: the sum of weight times loss, over
the sum of the weights. The class losses also take `weight`, one for each
class, and `ignore_index`, the class index of targets that count for nothing.
"""

from collections.abc import Callable, Sequence
from typing import Any

import autograd
from autograd import Value
from autograd._select import float_of
from autograd.checks import as_float
from autograd.errors import ShapeError
from autograd.functions import shifted_logits
from nn.pairing import (
    IGNORED,
    class_index,
    class_weights,
    classes,
    elementwise,
    number_of,
    plain,
    warn,
)

SMALLEST_PROBABILITY = 3.720075976020836e-44  # exp(-100): as PyTorch, no logarithm below -100


def squared_error(
    predictions: Any, targets: Any, reduction: str = "mean", *, sample_weight: Any = None
) -> Any:
    """(prediction - target)**2.

    >>> squared_error([1.0, 2.0], [0.0, 4.0])
    2.5
    """
    return elementwise(_squared, predictions, targets, reduction, sample_weight)


def absolute_error(
    predictions: Any, targets: Any, reduction: str = "mean", *, sample_weight: Any = None
) -> Any:
    """abs(prediction - target)."""

    def term(p: Any, t: Any) -> Any:
        return autograd.abs(p - t)

    return elementwise(term, predictions, targets, reduction, sample_weight)


def huber(
    predictions: Any,
    targets: Any,
    reduction: str = "mean",
    delta: float = 1.0,
    *,
    sample_weight: Any = None,
) -> Any:
    """Half the squared error up to `delta`, beyond it delta * (abs error - delta / 2).

    Huber, 1964. A `delta` that is not positive raises ValueError.
    """
    if not as_float(delta) > 0.0:
        raise ValueError(f"delta must be positive, got {delta!r}")

    def term(p: Any, t: Any) -> Any:
        distance = autograd.abs(p - t)
        if distance <= delta:
            return 0.5 * _squared(p, t)
        return delta * (distance - 0.5 * delta)

    return elementwise(term, predictions, targets, reduction, sample_weight)


def hinge(scores: Any, targets: Any, reduction: str = "mean", *, sample_weight: Any = None) -> Any:
    """max(0, 1 - target * score), for targets -1 and 1; others raise ValueError.

    The loss of a support vector machine (SVM) of two classes; of more, `multiclass_hinge`.
    """

    def term(score: Any, target: Any) -> Any:
        if plain(target) not in (-1.0, 1.0):
            hint = "; for 0 write -1: [2 * t - 1 for t in y]" if plain(target) == 0.0 else ""
            raise ValueError(f"hinge takes targets -1 and 1, got {plain(target):g}{hint}")
        return autograd.relu(1.0 - target * score)

    return elementwise(term, scores, targets, reduction, sample_weight)


def binary_cross_entropy(
    probabilities: Any, targets: Any, reduction: str = "mean", *, sample_weight: Any = None
) -> Any:
    """-(t log p + (1 - t) log(1 - p)) for probabilities p and targets t between 0 and 1.

    Logarithms stop at -100, as in PyTorch, and there the gradient is 0. From
    scores, use `binary_cross_entropy_with_logits`, which loses nothing.
    """

    def term(p: Any, t: Any) -> Any:
        if not 0.0 <= float_of(p) <= 1.0:
            raise ValueError(
                f"a probability lies between 0 and 1, got {float_of(p)!r}: end the model with "
                'output="sigmoid", or use nn.binary_cross_entropy_with_logits'
            )
        _check_target(t)
        if isinstance(t, Value):
            return -(t * _log(p) + (1.0 - t) * _log(1.0 - p))
        return _blend(t, lambda: -_log(p), lambda: -_log(1.0 - p))

    return elementwise(term, probabilities, targets, reduction, sample_weight)


def binary_cross_entropy_with_logits(
    logits: Any,
    targets: Any,
    reduction: str = "mean",
    *,
    pos_weight: Any = 1.0,
    sample_weight: Any = None,
) -> Any:
    """`binary_cross_entropy` of sigmoid(logit), exact for any logit.

    `pos_weight` multiplies the loss of class 1: above 1 where that class is rare.

    >>> binary_cross_entropy_with_logits([1000.0, -1000.0], [1, 1], reduction="none")
    [0.0, 1000.0]
    """
    factor = number_of(pos_weight, "pos_weight")
    if not plain(factor) > 0.0:
        raise ValueError(f"pos_weight must be positive, got {plain(factor)!r}")
    weighted = isinstance(factor, Value) or factor != 1.0
    made_by: set[str] = set()

    def if_one(logit: Any) -> Any:
        loss = autograd.softplus(-logit)
        return factor * loss if weighted else loss

    def term(logit: Any, t: Any) -> Any:
        made_by.add(getattr(logit, "op", ""))
        _check_target(t)
        if not isinstance(t, Value):
            return _blend(t, lambda: if_one(logit), lambda: autograd.softplus(logit))
        if weighted:
            return t * if_one(logit) + (1.0 - t) * autograd.softplus(logit)
        # The same, but its derivative by t is -logit without a difference of rounded numbers.
        if logit >= 0.0:
            return autograd.softplus(-logit) + (1.0 - t) * logit
        return autograd.softplus(logit) - t * logit

    loss = elementwise(term, logits, targets, reduction, sample_weight)
    if made_by == {"sigmoid"}:
        warn(
            "binary_cross_entropy_with_logits takes scores, and these are made by a sigmoid: use "
            'nn.binary_cross_entropy, or leave the sigmoid out (output="identity")'
        )
    return loss


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
    smoothing, weights = _share("label_smoothing", label_smoothing), class_weights(weight)

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
    smoothing, weights = _share("label_smoothing", label_smoothing), class_weights(weight)

    def term(row: list[Any], target: Any) -> tuple[Any, Any]:
        _check_distribution(row)

        def loss(target: Any) -> Any:
            if isinstance(target, list):
                return expected(_target_weights(row, target))
            return -_log(row[class_index(row, target)])

        def expected(target_weights: list[Any]) -> Any:
            return autograd.sum(
                [
                    weight * -_log(p)
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
    one-hot row. A `margin` that is not positive raises ValueError.

    >>> round(multiclass_hinge([3.2, 5.1, -1.7], 0), 4)
    2.9
    """
    if not as_float(margin) > 0.0:
        raise ValueError(f"margin must be positive, got {margin!r}")
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


def _squared(prediction: Any, target: Any) -> Any:
    return autograd.square(prediction - target)


def _log(p: Any) -> Any:
    return autograd.log(autograd.maximum(p, SMALLEST_PROBABILITY))


def _blend(t: float, if_one: Callable[[], Any], if_zero: Callable[[], Any]) -> Any:
    """t * if_one + (1 - t) * if_zero; at 0 and 1 the other side is not computed."""
    if t == 1.0:
        return if_one()
    return if_zero() if t == 0.0 else t * if_one() + (1.0 - t) * if_zero()


def _check_target(target: Any) -> None:
    if not 0.0 <= plain(target) <= 1.0:
        hint = (
            "; of -1 and 1 make 0 and 1: [(t + 1) / 2 for t in y]" if plain(target) == -1.0 else ""
        )
        raise ValueError(f"a target lies between 0 and 1, got {plain(target):g}{hint}")


def _share(name: str, number: Any) -> float:
    share = as_float(number)
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"{name} is a share between 0 and 1, got {number!r}")
    return share


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
