"""What the scores of classes must be, and how probabilities among them are known."""

from typing import Any

from autograd import Value
from autograd.engines.numbers import float_of
from autograd.errors import ShapeError, TracingError
from autograd.support import tracing
from nn.arguments.numbers import is_known


def check_several(rows: list[list[Any]], name: str) -> None:
    """ShapeError for a single score: the loss `name` would always be 0."""
    if len(rows[0]) == 1:
        raise ShapeError(
            f"{name} of one score is always 0: give the model one output for each class, or use "
            "nn.binary_cross_entropy_with_logits with the single one"
        )


def check_distribution(row: list[Any]) -> None:
    """ValueError unless these are probabilities that sum to 1."""
    if not tracing.check_rows(_check_numbers, row, float_of) and not _is_softmax(row):
        raise TracingError(
            "categorical_cross_entropy takes probabilities that sum to 1, and in a compiled "
            "function nobody can look at computed ones: make them with autograd.softmax, as "
            'output="softmax" does, or use nn.cross_entropy of logits'
        )


def _is_softmax(row: list[Any]) -> bool:
    """Whether `autograd.softmax` has made all of them together."""
    if not all(isinstance(p, Value) and p.op == "exp" for p in row):
        return False
    differences = [p.parents[0] for p in row]
    totals = {value.parents[-1] for value in differences if value.op == "sub"}
    return len(totals) == 1 and totals.pop().op == "logsumexp"


def _check_numbers(*numbers: float) -> None:
    if not (all(0.0 <= p <= 1.0 for p in numbers) and abs(sum(numbers) - 1.0) < 1e-5):
        raise ValueError(
            "the probabilities of one sample lie between 0 and 1 and sum to 1, got "
            f'{list(numbers)}: end the model with output="softmax"; for logits use '
            "nn.cross_entropy, for classes that do not exclude each other nn.binary_cross_entropy"
        )


def are_probabilities(rows: list[list[Any]]) -> bool:
    """Whether all rows are what softmax gives, and none of them logits as far as one can know.

    Values tell by their operation, numbers only by their sum. Rows of equal
    numbers, and of nothing but 0 and 1, may well be logits. So may those not known yet.
    """
    if not all(is_known(score) for row in rows for score in row):
        return False
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
