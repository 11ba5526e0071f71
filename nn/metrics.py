"""Which share of the predictions is right."""

from collections.abc import Callable, Sequence
from typing import Any

from autograd._select import float_of
from autograd.errors import ShapeError
from nn import losses


def predicted_class(prediction: Any, threshold: float = 0.0) -> int:
    """The class a prediction means: the place of the largest, or, for one number, 0 or 1.

    One number means class 1 above `threshold`: 0.0 for scores and logits, 0.5
    for probabilities.

    >>> predicted_class([0.1, 2.0, -1.0]), predicted_class(-0.3)
    (1, 0)
    """
    if hasattr(prediction, "__len__"):
        numbers = [float_of(number) for number in prediction]
        return numbers.index(max(numbers))
    return int(float_of(prediction) > threshold)


def is_right(prediction: Any, target: Any, threshold: float = 0.0) -> bool:
    """Whether the predicted class is the target.

    The target is a class or one weight per class; for a single number -1, 0
    or 1, or a probability, which means the nearer class.
    """
    if not hasattr(prediction, "__len__"):
        return predicted_class(prediction, threshold) == int(target > 0.5)
    if hasattr(target, "__len__"):
        target = predicted_class(target)
    return predicted_class(prediction) == int(target)


def accuracy(predictions: Sequence[Any], targets: Sequence[Any], threshold: float = 0.0) -> float:
    """The share of the predictions that are right, between 0 and 1.

    >>> accuracy([[0.9, 0.1], [0.2, 0.8]], [0, 0])
    0.5
    """
    if len(predictions) != len(targets) or len(targets) == 0:
        raise ShapeError(f"{len(predictions)} predictions for {len(targets)} targets")
    rights = [is_right(p, t, threshold) for p, t in zip(predictions, targets, strict=True)]
    return sum(rights) / len(rights)


def judge_of(loss: Callable[..., Any]) -> Callable[[Any, Any], bool] | None:
    """How to tell right from wrong where `loss` is minimised; None where it means regression."""
    if loss in (losses.cross_entropy, losses.negative_log_likelihood, losses.hinge):
        return is_right
    if loss is losses.binary_cross_entropy_with_logits:
        return is_right
    if loss is losses.binary_cross_entropy:
        return lambda prediction, target: is_right(prediction, target, threshold=0.5)
    return None
