"""Losses of classes that exclude each other: one score or probability for each of them.

Scores are one sequence, or a batch of sequences. A target is a class index, or
one weight for each class. `reduction` and `sample_weight` are those of
`nn.losses`. `weight` has one number for each class, with which the mean
counts every sample of it, and targets equal to `ignore_index` count for
nothing, as in ``torch.nn.functional``.
"""

from collections.abc import Sequence
from typing import Any

import autograd
from autograd import Value, scope
from autograd.functions import shifted_logits
from nn.arguments.messages import warn
from nn.arguments.numbers import is_known
from nn.arguments.settings import as_number
from nn.loss_parts.class_scores import are_probabilities, check_distribution, check_several
from nn.loss_parts.class_targets import (
    IGNORED,
    chosen,
    class_index,
    class_options,
    expected_loss,
    index_of_one,
    picked,
    target_weights,
)
from nn.loss_parts.terms import classes
from nn.losses import log_of_probability


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
    options = class_options(weight, ignore_index, label_smoothing)

    def look_at(rows: list[list[Any]]) -> None:
        check_several(rows, "cross_entropy")
        if are_probabilities(rows):
            warn(
                "cross_entropy takes logits, and these are probabilities already, as softmax gives "
                "them: use nn.categorical_cross_entropy, or leave the softmax out "
                '(output="identity")'
            )

    def term(row: list[Any], target: Any) -> tuple[Any, Any]:
        if options.plain and is_known(target):  # the usual case, quickly
            return (0.0, 0.0) if options.ignore(target) else (_cross_entropy(row, target), 1.0)

        def loss(target: Any) -> Any:
            return _cross_entropy(row, target)

        def expected(target_weights: list[Any]) -> Any:
            return expected_loss(autograd.log_softmax(row), target_weights)

        return options.term(row, target, loss, expected)

    with scope("cross_entropy(logits, target)"):
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
    options = class_options(weight, ignore_index, label_smoothing)

    def term(row: list[Any], target: Any) -> tuple[Any, Any]:
        check_distribution(row)

        def loss(target: Any) -> Any:
            if isinstance(target, list):
                return expected(target_weights(row, target))
            return -log_of_probability(picked(row, target))

        def expected(target_weights: list[Any]) -> Any:
            return autograd.sum(
                [
                    weight * -log_of_probability(p)
                    for weight, p in zip(target_weights, row, strict=True)
                    if isinstance(weight, Value) or weight
                ]
            )

        return options.term(row, target, loss, expected)

    with scope("cross_entropy(p, target)"):
        return classes(
            term, probabilities, targets, reduction, sample_weight,
            lambda rows: check_several(rows, "categorical_cross_entropy"),
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
    options = class_options(weight, ignore_index)

    def look_at(rows: list[list[Any]]) -> None:
        if are_probabilities(rows):
            warn(
                "negative_log_likelihood takes the logarithms of probabilities, and these are "
                "the probabilities: use nn.categorical_cross_entropy, or log_softmax for softmax"
            )

    def term(row: list[Any], target: Any) -> tuple[Any, Any]:
        def loss(target: Any) -> Any:
            return expected_loss(row, target)

        return options.term(row, target, loss, loss, sums_to_one=False)

    with scope("negative_log_likelihood(log p, target)"):
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
    options = class_options(weight, ignore_index)

    def term(row: list[Any], target: Any) -> tuple[Any, Any]:
        if isinstance(target, list):
            target = index_of_one(row, target)

        def loss(target: Any) -> Any:
            own = picked(row, target)
            excess = [autograd.relu(score - own + margin) for score in row]
            if is_known(target):
                del excess[target]
            else:
                here = chosen(len(row), target)
                excess = list(map(autograd.where, here, [0.0] * len(row), excess))
            return autograd.sum(excess)

        return options.term(row, target, loss, loss)

    with scope("multiclass_hinge(scores, target)"):
        return classes(
            term, scores, targets, reduction, sample_weight,
            lambda rows: check_several(rows, "multiclass_hinge"),
        )  # fmt: skip


def _cross_entropy(logits: Sequence[Any], target: Any) -> Any:
    if isinstance(target, list):
        return expected_loss(autograd.log_softmax(logits), target_weights(logits, target))
    if is_known(target):
        class_index(logits, target)
    shifted = shifted_logits(logits)
    return autograd.logsumexp(shifted) - picked(shifted, target)
