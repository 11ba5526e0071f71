"""Losses: how wrong predictions are, as one Value to minimise.

Predictions and targets have the same shape: single numbers, sequences, or
sequences of sequences (for those of several classes see `nn.class_losses`).
`reduction` is ``"mean"`` (of all elements), ``"sum"``, or ``"none"`` for the
losses themselves, shaped as the predictions. The formulas are those of
``torch.nn.functional``. Targets and weights that are Values and require a
gradient get theirs; all others are numbers. A class index has no derivative.

`sample_weight` has one weight for each sample (or, of elements, for each of
them); the mean is then the weighted one: the sum of weight times loss, over
the sum of the weights. The class losses also take `weight`, one for each
class, and `ignore_index`, the class index of targets that count for nothing.
"""

from collections.abc import Callable
from typing import Any

import autograd
from autograd import Value, scope
from autograd.engines.numbers import float_of
from autograd.errors import TracingError
from autograd.support import tracing
from nn.arguments.messages import warn
from nn.arguments.numbers import number_of, plain
from nn.arguments.settings import as_number
from nn.loss_parts.terms import elementwise

SMALLEST_PROBABILITY = 3.720075976020836e-44  # exp(-100): as PyTorch, no logarithm below -100


def squared_error(
    predictions: Any, targets: Any, reduction: str = "mean", *, sample_weight: Any = None
) -> Any:
    """(prediction - target)**2.

    >>> squared_error([1.0, 2.0], [0.0, 4.0])
    2.5
    """
    with scope("squared_error(prediction, target)"):
        return elementwise(_squared, predictions, targets, reduction, sample_weight)


def absolute_error(
    predictions: Any, targets: Any, reduction: str = "mean", *, sample_weight: Any = None
) -> Any:
    """abs(prediction - target)."""

    def term(p: Any, t: Any) -> Any:
        return autograd.abs(p - t)

    with scope("absolute_error(prediction, target)"):
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

    Huber, 1964. A `delta` that is not positive raises SettingError.
    """
    delta = as_number("delta", delta, positive=True)

    def term(p: Any, t: Any) -> Any:
        distance = autograd.abs(p - t)
        within = autograd.minimum(distance, delta)
        return within * (distance - 0.5 * within)  # up to delta half the square, without overflow

    with scope("huber(prediction, target)"):
        return elementwise(term, predictions, targets, reduction, sample_weight)


def hinge(scores: Any, targets: Any, reduction: str = "mean", *, sample_weight: Any = None) -> Any:
    """max(0, 1 - target * score), for targets -1 and 1; others raise ValueError.

    The loss of a support vector machine (SVM) of two classes; of more, `multiclass_hinge`.
    """

    def term(score: Any, target: Any) -> Any:
        tracing.check_rows(_check_sign, [target], plain)
        return autograd.relu(1.0 - target * score)

    with scope("hinge(score, target)"):
        return elementwise(term, scores, targets, reduction, sample_weight)


def binary_cross_entropy(
    probabilities: Any, targets: Any, reduction: str = "mean", *, sample_weight: Any = None
) -> Any:
    """-(t log p + (1 - t) log(1 - p)) for probabilities p and targets t between 0 and 1.

    Logarithms stop at -100, as in PyTorch, and there the gradient is 0. From
    scores, use `binary_cross_entropy_with_logits`, which loses nothing.
    """

    def term(p: Any, t: Any) -> Any:
        if not tracing.check_rows(_check_probability, [p], float_of) and p.op != "sigmoid":
            raise TracingError(
                "binary_cross_entropy takes numbers between 0 and 1, and in a compiled function "
                f"nobody can look at a result of {p.op or 'an operation'}: end the model with "
                'output="sigmoid", or use nn.binary_cross_entropy_with_logits'
            )
        tracing.check_rows(_check_target, [t], plain)
        if isinstance(t, Value):
            return -(t * log_of_probability(p) + (1.0 - t) * log_of_probability(1.0 - p))
        return _blend(t, lambda: -log_of_probability(p), lambda: -log_of_probability(1.0 - p))

    with scope("binary_cross_entropy(p, target)"):
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
    tracing.check_rows(_check_pos_weight, [factor], plain)
    weighted = isinstance(factor, Value) or factor != 1.0
    made_by: set[str] = set()

    def if_one(logit: Any) -> Any:
        loss = autograd.softplus(-logit)
        return factor * loss if weighted else loss

    def term(logit: Any, t: Any) -> Any:
        made_by.add(getattr(logit, "op", ""))
        tracing.check_rows(_check_target, [t], plain)
        if not isinstance(t, Value):
            return _blend(t, lambda: if_one(logit), lambda: autograd.softplus(logit))
        if weighted:
            return t * if_one(logit) + (1.0 - t) * autograd.softplus(logit)
        # The same, but its derivative by t is -logit without a difference of rounded numbers.
        below_0 = autograd.relu(-logit)
        size = autograd.where(below_0, logit, -logit)
        return autograd.softplus(size) + autograd.where(below_0, -t * logit, (1.0 - t) * logit)

    with scope("binary_cross_entropy(logit, target)"):
        loss = elementwise(term, logits, targets, reduction, sample_weight)
    if made_by == {"sigmoid"}:
        warn(
            "binary_cross_entropy_with_logits takes scores, and these are made by a sigmoid: use "
            'nn.binary_cross_entropy, or leave the sigmoid out (output="identity")'
        )
    return loss


def _squared(prediction: Any, target: Any) -> Any:
    return autograd.square(prediction - target)


def log_of_probability(p: Any) -> Any:
    """log p, no lower than -100."""
    return autograd.log(autograd.maximum(p, SMALLEST_PROBABILITY))


def _blend(t: float, if_one: Callable[[], Any], if_zero: Callable[[], Any]) -> Any:
    """t * if_one + (1 - t) * if_zero; at 0 and 1 the other side is not computed."""
    if t == 1.0:
        return if_one()
    return if_zero() if t == 0.0 else t * if_one() + (1.0 - t) * if_zero()


def _check_target(*numbers: float) -> None:
    [target] = numbers
    if not 0.0 <= target <= 1.0:
        hint = "; of -1 and 1 make 0 and 1: [(t + 1) / 2 for t in y]" if target == -1.0 else ""
        raise ValueError(f"a target lies between 0 and 1, got {target:g}{hint}")


def _check_sign(*numbers: float) -> None:
    [target] = numbers
    if target not in (-1.0, 1.0):
        hint = "; for 0 write -1: [2 * t - 1 for t in y]" if target == 0.0 else ""
        raise ValueError(f"hinge takes targets -1 and 1, got {target:g}{hint}")


def _check_probability(*numbers: float) -> None:
    [probability] = numbers
    if not 0.0 <= probability <= 1.0:
        raise ValueError(
            f"a probability lies between 0 and 1, got {probability!r}: end the model with "
            'output="sigmoid", or use nn.binary_cross_entropy_with_logits'
        )


def _check_pos_weight(*numbers: float) -> None:
    [factor] = numbers
    if not factor > 0.0:
        raise ValueError(f"pos_weight must be positive, got {factor!r}")
