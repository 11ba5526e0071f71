"""How predictions meet their targets: read by position, paired row by row, weighted, reduced.

What a caller gives is opened (see `nn.arguments.rows`) once; errors say which row they mean.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import autograd
from autograd import Value
from autograd.engines.numbers import as_value
from autograd.errors import ShapeError
from autograd.support import tracing
from nn.arguments.messages import placed
from nn.arguments.numbers import as_prediction, is_known, number_of, plain
from nn.arguments.rows import opened

Term = Callable[[Any, Any], Any]
ClassTerm = Callable[[list[Any], Any], tuple[Any, Any]]


def elementwise(
    term: Term, predictions: Any, targets: Any, reduction: str, sample_weight: Any = None
) -> Any:
    """`term` of each prediction and its target, of equal nesting, reduced."""
    check_reduction(reduction)
    predictions, targets = opened(predictions, "predictions"), opened(targets, "targets")
    weights = None if sample_weight is None else opened(sample_weight, "sample_weight")
    if not isinstance(predictions, list) and not isinstance(targets, list):
        loss = term(as_prediction(predictions), number_of(targets))
        return loss if weights is None else weight_of(weights) * loss
    if weights is not None and not isinstance(weights, list):
        raise ShapeError(f"sample_weight has one weight for each sample, got {weights!r}")
    norms: list[Any] = []
    terms = _paired(term, predictions, targets, weights, norms, "row")
    return _reduced(terms, None if weights is None else norms, reduction)


def _paired(
    term: Term, predictions: Any, targets: Any, weights: Any, norms: list[Any], name: str
) -> Any:
    """The terms in the nesting of the predictions; the weight of each goes into `norms`."""
    if isinstance(predictions, list) and isinstance(targets, list):
        if len(predictions) != len(targets):
            raise ShapeError(f"{len(predictions)} predictions for {len(targets)} targets")
        if isinstance(weights, list) and len(weights) != len(predictions):
            raise ShapeError(f"{len(weights)} sample weights for {len(predictions)} predictions")
        terms = []
        for position, (prediction, target) in enumerate(zip(predictions, targets, strict=True)):
            weight = weights[position] if isinstance(weights, list) else weights
            try:
                if weight is None and type(prediction) is Value and type(target) in (int, float):
                    terms.append(term(prediction, float(target)))  # the usual case, quickly
                    continue
                terms.append(
                    _paired(term, opened(prediction), opened(target), weight, norms, "element")
                )
            except (ValueError, TypeError) as error:
                raise placed(error, name, position) from None
        return terms
    if isinstance(predictions, list) or isinstance(targets, list):
        raise ShapeError(_differing(predictions, targets))
    if weights is None:
        return term(as_prediction(predictions), number_of(targets))
    weight = weight_of(weights)
    norms.append(weight)
    return _counted(weight, lambda: term(as_prediction(predictions), number_of(targets)))


def _counted(weight: Any, loss: Callable[[], Any]) -> Any:
    """The loss times its weight. Without weight it is 0, also where it is infinite."""
    if not is_known(weight):
        return autograd.where(weight, loss() * weight, 0.0)
    return loss() * weight if plain(weight) else 0.0


def _differing(predictions: Any, targets: Any) -> str:
    said = f"predictions and targets differ in shape: {_shown(predictions)} against "
    said += _shown(targets)
    if isinstance(targets, list):
        if len(targets) == 1:
            return (
                f"{said}; write the targets without inner brackets: [t for [t] in y], of an array "
                "y.ravel(), of a table its one column"
            )
        return f"{said}; the model has one output: give it {len(targets)}, one for each target"
    if len(predictions) == 1:
        return f"{said}; write the predictions without inner brackets: [p for [p] in predictions]"
    return (
        f"{said}; give the model one output, or a target for each of its {len(predictions)}; if "
        "the targets are class numbers, the loss is nn.cross_entropy"
    )


def _itself(loss: Any) -> Any:
    return loss


def weight_of(weight: Any) -> Any:
    """A weight of a class or a sample, from 0 up; ValueError for all else."""
    weight = number_of(opened(weight), "weight")
    tracing.check_rows(_check_weight, [weight], plain)
    return weight


def _check_weight(*numbers: float) -> None:
    [weight] = numbers
    if not 0.0 <= weight < math.inf:
        raise ValueError(f"a weight is a number from 0 up, got {weight!r}")


def classes(
    term: ClassTerm,
    scores: Any,
    targets: Any,
    reduction: str,
    sample_weight: Any = None,
    look_at: Callable[[list[list[Any]]], None] | None = None,
) -> Any:
    """`term` of each row of scores and its target, reduced.

    `term` gives the loss and what it counts for in the mean. `look_at` sees all rows.
    """
    check_reduction(reduction)
    scores, targets = opened(scores, "scores"), opened(targets, "targets")
    if not isinstance(scores, list):
        raise ShapeError(
            f"a class loss takes one score for each class, got the single {_shown(scores)}; for a "
            "model with one output use nn.binary_cross_entropy_with_logits"
        )
    if not scores:
        raise ShapeError("no scores: give one sequence of them, or a batch of sequences")
    rows = list(map(opened, scores))
    single = not isinstance(rows[0], list)
    if single:
        rows, targets = [rows], [targets]
        sample_weight = None if sample_weight is None else [sample_weight]
    elif not isinstance(targets, list):
        targets = [targets]
    if len(rows) != len(targets):
        raise ShapeError(f"{len(rows)} predictions for {len(targets)} targets")
    _check_rows(rows, single=single)
    if look_at is not None:
        look_at(rows)
    weights = _one_each(sample_weight, len(rows))
    terms, norms = [], []
    for position, (row, target) in enumerate(zip(rows, targets, strict=True)):
        try:
            loss, norm = term(row, opened(target))
        except (ValueError, TypeError) as error:
            if single:
                raise
            raise placed(error, "row", position) from None
        if weights is not None:
            norm = weights[position] * norm
            loss = _counted(weights[position], partial(_itself, loss))
        terms.append(loss)
        norms.append(norm)
    if single:
        return _alike([terms[0], *rows[0]])[0]
    counted = any(isinstance(norm, Value) or norm != 1.0 for norm in norms)
    return _reduced(terms, norms if counted else None, reduction)


def _one_each(sample_weight: Any, rows: int) -> list[Any] | None:
    if sample_weight is None:
        return None
    weights = opened(sample_weight, "sample_weight")
    if not isinstance(weights, list) or len(weights) != rows:
        raise ShapeError(
            f"sample_weight has one weight for each of {rows} samples, got {weights!r}"
        )
    return list(map(weight_of, weights))


def _check_rows(rows: list[Any], *, single: bool) -> None:
    for position, row in enumerate(rows):
        if not isinstance(row, list):
            raise ShapeError(f"row {position} is {_shown(row)}, row 0 has {len(rows[0])} scores")
        if len(row) != len(rows[0]):
            raise ShapeError(
                f"row {position} has {len(row)} scores, row 0 has {len(rows[0])}: one for each "
                "class"
            )
        if single and any(isinstance(score, list | tuple) for score in row):
            raise ShapeError("the first score is a number, another a sequence: give rows, or one")


def check_reduction(reduction: str) -> None:
    """ValueError unless it is one of the three."""
    if not isinstance(reduction, str) or reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction must be 'mean', 'sum' or 'none', got {reduction!r}")


def _reduced(terms: list[Any], norms: list[Any] | None, reduction: str) -> Any:
    if reduction == "none":
        return _alike(terms)
    flat = list(_flat(terms))
    if reduction == "sum":
        return autograd.sum(flat)
    if not flat:
        raise ShapeError("no predictions: an empty batch has no mean")
    if norms is None:
        return autograd.mean(flat)
    total = autograd.sum(norms)
    if is_known(total) and not plain(total) > 0.0:
        raise ShapeError("no mean: every sample is ignored or has weight 0; or reduction='sum'")
    return autograd.sum(flat) / total


def _alike(terms: list[Any]) -> list[Any]:
    """The terms; among Values also what counts for nothing is one."""
    if any(type(term) is float for term in terms) and any(
        isinstance(term, Value) for term in terms
    ):
        return [as_value(term) if type(term) is float else term for term in terms]
    return terms


def _flat(terms: Iterable[Any]) -> Iterator[Any]:
    for term in terms:
        if isinstance(term, list):
            yield from _flat(term)
        else:
            yield term


def _shown(thing: Any) -> str:
    if isinstance(thing, list):
        return f"{len(thing)} elements"
    return repr(thing)
