"""Which share of the predictions is right, and what was taken for what.

How a prediction is read, `nn.class_reading` decides; a `threshold` says it where
nothing else does: the number above which one output means class 1.
"""

from collections.abc import Sequence
from typing import Any

from autograd import Value
from autograd.errors import ShapeError
from nn.arguments.messages import placed
from nn.arguments.numbers import numbers_in
from nn.arguments.rows import opened
from nn.class_reading.reading import Reading
from nn.class_reading.which_reading import reading_of, reading_of_predictions

judge_of = reading_of  # tells right from wrong where a loss is minimised


def predicted_class(prediction: Any, threshold: float | None = None) -> int:
    """The class a prediction means: the place of the largest, or, for one number, 0 or 1.

    One number means class 1 above `threshold`. Without one that is 0.5 for a
    Value that a sigmoid made, and 0.0 for all others: a plain probability
    cannot be told from a score.

    >>> predicted_class([0.1, 2.0, -1.0]), predicted_class(-0.3), predicted_class(0.3, 0.5)
    (1, 0, 0)
    """
    found: int = _reading(prediction, threshold).predicted_class(prediction)
    return found


def is_right(prediction: Any, target: Any, threshold: float | None = None) -> bool:
    """Whether the predicted class is the target; `threshold` as in `predicted_class`.

    The target is a class or one weight per class; for a single number -1, 0
    or 1, or a probability, which means the nearer class.
    """
    return _reading(prediction, threshold)(prediction, target)


def accuracy(
    predictions: Sequence[Any], targets: Sequence[Any], threshold: float | None = None
) -> float:
    """The share of the predictions that are right, between 0 and 1.

    Without a `threshold` single numbers are probabilities (1 above 0.5) if a
    sigmoid made them, or if they all are plain numbers from 0 to 1 and no target is -1; else
    scores (1 above 0). Of rows of several 0 and 1 all must be right.

    >>> accuracy([[0.9, 0.1], [0.2, 0.8]], [0, 0])
    0.5
    >>> accuracy([0.9, 0.2], [1, 0]), accuracy([0.9, 0.2], [1, 0], threshold=0.0)
    (1.0, 0.5)
    """
    pairs = _pairs(predictions, targets, threshold)
    rights = [bool(found == meant) for found, meant in pairs]
    return sum(rights) / len(rights)


def confusion_matrix(
    predictions: Sequence[Any], targets: Sequence[Any], threshold: float | None = None
) -> list[list[int]]:
    """How often each class (row) was read as each class (column), as scikit-learn has it.

    Predictions are read as by `accuracy`.

    >>> confusion_matrix([0.9, 0.2, 0.7], [1, 0, 0])
    [[1, 1], [0, 1]]
    """
    pairs = _pairs(predictions, targets, threshold)
    if any(isinstance(found, tuple) for found, _ in pairs):
        raise ShapeError("the classes do not exclude each other: give one output at a time")
    outputs = len(numbers_in(opened(predictions)[0]))
    count = max(2, outputs, *(meant + 1 for _, meant in pairs))
    table = [[0] * count for _ in range(count)]
    for found, meant in pairs:
        if meant < 0:
            raise ShapeError(f"class {meant} of {count}: count from 0 to {count - 1}")
        table[meant][found] += 1
    return table


def _reading(prediction: Any, threshold: float | None) -> Reading:
    if threshold is None and not (isinstance(prediction, Value) and prediction.op):
        return Reading()
    return reading_of_predictions([prediction], [], threshold)


def _pairs(predictions: Any, targets: Any, threshold: float | None) -> list[tuple[Any, Any]]:
    """The class found and the class meant of each prediction."""
    predictions, targets = opened(predictions, "predictions"), opened(targets, "targets")
    for thing, what in ((predictions, "predictions"), (targets, "targets")):
        if not isinstance(thing, list):
            raise TypeError(f"{what} come as a sequence, one for each sample, got {thing!r}")
    if len(predictions) != len(targets) or len(targets) == 0:
        raise ShapeError(f"{len(predictions)} predictions for {len(targets)} targets")
    reading, pairs = reading_of_predictions(predictions, targets, threshold), []
    for row, (prediction, target) in enumerate(zip(predictions, targets, strict=True)):
        try:
            outputs = len(numbers_in(prediction))
            if isinstance(opened(target), list) and not isinstance(opened(prediction), list):
                raise ShapeError(f"one output for the target {target!r}: write [t for [t] in y]")
            meant = reading.target_class(target, outputs)
            pairs.append((reading.predicted_class(prediction), meant))
        except (ValueError, TypeError) as error:
            raise placed(error, "row", row) from None
    return pairs
