"""Losses: how wrong predictions are, as one Value to minimise.

Predictions and targets have the same shape: single numbers, sequences, or
sequences of sequences (for class losses: one sequence of logits, or a batch of
them). `reduction` is ``"mean"`` (of all elements), ``"sum"``, or ``"none"``
for the losses themselves, shaped as the predictions. The formulas are those of
``torch.nn.functional``; targets are numbers and get no gradient.
"""

import functools
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import autograd
from autograd import Value
from autograd._select import float_of
from autograd.errors import ShapeError
from autograd.functions import shifted_logits

SMALLEST_PROBABILITY = 3.720075976020836e-44  # exp(-100): as PyTorch, no logarithm below -100


def squared_error(predictions: Any, targets: Any, reduction: str = "mean") -> Any:
    """(prediction - target)**2.

    >>> squared_error([1.0, 2.0], [0.0, 4.0])
    2.5
    """
    return _elementwise(_squared, predictions, targets, reduction)


def absolute_error(predictions: Any, targets: Any, reduction: str = "mean") -> Any:
    """abs(prediction - target)."""
    return _elementwise(lambda p, t: autograd.abs(p - t), predictions, targets, reduction)


def huber(predictions: Any, targets: Any, reduction: str = "mean", delta: float = 1.0) -> Any:
    """Half the squared error up to `delta`, beyond it delta * (abs error - delta / 2).

    Huber, 1964. A `delta` that is not positive raises ValueError.
    """
    if not delta > 0.0:
        raise ValueError(f"delta must be positive, got {delta!r}")

    def term(p: Any, t: float) -> Any:
        distance = autograd.abs(p - t)
        if distance <= delta:
            return 0.5 * _squared(p, t)
        return delta * (distance - 0.5 * delta)

    return _elementwise(term, predictions, targets, reduction)


def hinge(scores: Any, targets: Any, reduction: str = "mean") -> Any:
    """max(0, 1 - target * score), for targets -1 and 1; others raise ValueError."""

    def term(score: Any, target: float) -> Any:
        if target not in (-1, 1):
            raise ValueError(f"hinge takes targets -1 and 1, got {target!r}")
        return autograd.relu(1.0 - target * score)

    return _elementwise(term, scores, targets, reduction)


def binary_cross_entropy(probabilities: Any, targets: Any, reduction: str = "mean") -> Any:
    """-(t log p + (1 - t) log(1 - p)) for probabilities p and targets t between 0 and 1.

    Logarithms stop at -100, as in PyTorch, and there the gradient is 0. From
    scores, use `binary_cross_entropy_with_logits`, which loses nothing.
    """

    def term(p: Any, t: float) -> Any:
        _check_probability("probability", float_of(p))
        _check_probability("target", t)
        return _blend(t, lambda: -_log(p), lambda: -_log(1.0 - p))

    return _elementwise(term, probabilities, targets, reduction)


def binary_cross_entropy_with_logits(logits: Any, targets: Any, reduction: str = "mean") -> Any:
    """`binary_cross_entropy` of sigmoid(logit), exact for any logit.

    >>> binary_cross_entropy_with_logits([1000.0, -1000.0], [1, 1], reduction="none")
    [0.0, 1000.0]
    """

    def term(logit: Any, t: float) -> Any:
        _check_probability("target", t)
        return _blend(t, lambda: autograd.softplus(-logit), lambda: autograd.softplus(logit))

    return _elementwise(term, logits, targets, reduction)


def cross_entropy(logits: Any, targets: Any, reduction: str = "mean") -> Any:
    """-log softmax(logits)[target], for one sequence of logits or a batch of them.

    A target is a class index, or one weight per class (one-hot or soft). An
    index out of range, or another number of weights, raises ShapeError.

    >>> round(cross_entropy([2.0, 1.0, 0.1], 0), 4)
    0.417
    """
    return _classes(_cross_entropy, logits, targets, reduction)


def negative_log_likelihood(log_probabilities: Any, targets: Any, reduction: str = "mean") -> Any:
    """-log_probabilities[target]: what `cross_entropy` does after ``log_softmax``.

    Targets as in `cross_entropy`.
    """
    return _classes(_expected, log_probabilities, targets, reduction)


def _squared(prediction: Any, target: float) -> Any:
    return autograd.square(prediction - target)


def _log(p: Any) -> Any:
    return autograd.log(autograd.maximum(p, SMALLEST_PROBABILITY))


def _blend(t: float, if_one: Callable[[], Any], if_zero: Callable[[], Any]) -> Any:
    """t * if_one + (1 - t) * if_zero; at 0 and 1 the other side is not computed."""
    if t == 1.0:
        return if_one()
    return if_zero() if t == 0.0 else t * if_one() + (1.0 - t) * if_zero()


def _check_probability(what: str, number: float) -> None:
    if not 0.0 <= number <= 1.0:
        raise ValueError(f"a {what} lies between 0 and 1, got {number!r}")


def _cross_entropy(logits: Sequence[Any], target: Any) -> Any:
    if _is_sequence(target):
        weights = [float_of(weight) for weight in target]
        if not (all(weight >= 0.0 for weight in weights) and abs(sum(weights) - 1.0) < 1e-6):
            raise ValueError(
                f"target weights of one sample are from 0 up and sum to 1, got {target!r}; "
                "class indices need one sequence of logits each"
            )
        return _expected(autograd.log_softmax(logits), weights)
    index, shifted = _index(logits, target), shifted_logits(logits)
    return autograd.logsumexp(shifted) - shifted[index]


def _expected(log_probabilities: Sequence[Any], target: Any) -> Any:
    if not _is_sequence(target):
        return -log_probabilities[_index(log_probabilities, target)]
    if len(target) != len(log_probabilities):
        raise ShapeError(f"{len(target)} target weights for {len(log_probabilities)} classes")
    weights = [float_of(weight) for weight in target]
    terms = [-weight * p for weight, p in zip(weights, log_probabilities, strict=True) if weight]
    return autograd.sum(terms)


def _index(classes: Sequence[Any], target: Any) -> int:
    try:
        index = operator.index(target)
    except TypeError:
        kind = type(target).__name__
        raise TypeError(
            f"a class target is an int or one weight per class, got {kind} {target!r}"
        ) from None
    if not 0 <= index < len(classes):
        raise ShapeError(f"class {index} of {len(classes)}: count from 0 to {len(classes) - 1}")
    return index


def _classes(term: Callable[..., Any], scores: Any, targets: Any, reduction: str) -> Any:
    scores = list(scores)
    if not scores:
        raise ShapeError("no scores: give one sequence of them, or a batch of sequences")
    if not _is_sequence(scores[0]):
        return _reduced([term(scores, targets)], reduction, single=True)
    targets = list(targets) if _is_sequence(targets) else [targets]
    if len(scores) != len(targets):
        raise ShapeError(f"{len(scores)} predictions for {len(targets)} targets")
    return _reduced(list(map(term, map(list, scores), targets)), reduction)


def _elementwise(term: Callable[..., Any], predictions: Any, targets: Any, reduction: str) -> Any:
    if not _is_sequence(predictions) and not _is_sequence(targets):
        return _reduced([term(predictions, float_of(targets))], reduction, single=True)
    return _reduced(_terms(term, predictions, targets), reduction)


def _terms(term: Callable[..., Any], predictions: Any, targets: Any) -> Any:
    if _is_sequence(predictions) and _is_sequence(targets):
        predictions, targets = list(predictions), list(targets)
        if len(predictions) != len(targets):
            raise ShapeError(f"{len(predictions)} predictions for {len(targets)} targets")
        return list(map(functools.partial(_terms, term), predictions, targets))
    if _is_sequence(predictions) or _is_sequence(targets):
        raise ShapeError(
            f"predictions and targets differ in shape: {_shown(predictions)} against "
            f"{_shown(targets)}"
        )
    return term(predictions, float_of(targets))


def _reduced(terms: list[Any], reduction: str, *, single: bool = False) -> Any:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction must be 'mean', 'sum' or 'none', got {reduction!r}")
    if single:
        return terms[0]
    if reduction == "none":
        return terms
    flat = list(_flat(terms))
    return autograd.mean(flat) if reduction == "mean" else autograd.sum(flat)


def _flat(terms: Iterable[Any]) -> Iterable[Any]:
    for term in terms:
        if isinstance(term, list):
            yield from _flat(term)
        else:
            yield term


def _is_sequence(thing: Any) -> bool:
    return not isinstance(thing, Value) and bool(getattr(thing, "shape", hasattr(thing, "__len__")))


def _shown(thing: Any) -> str:
    return f"{len(thing)} elements" if _is_sequence(thing) else repr(thing)
