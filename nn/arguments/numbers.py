"""Predictions and targets as numbers, and what to say where they are none."""

from typing import Any

from autograd import Value
from autograd.engines.numbers import float_of
from autograd.errors import NumberError
from autograd.support import tracing
from autograd.support.arguments import as_float
from nn.arguments.rows import opened

LABELS = (
    "number the labels, as in `classes = sorted(set(y)); y = [classes.index(label) for label in y]`"
)


def number_of(thing: Any, what: str = "target") -> Any:
    """A Value that requires a gradient as it is, anything else as a float.

    So is a Value whose number is not known yet: see `is_known`.
    """
    if isinstance(thing, Value):
        return thing if thing.requires_grad or not is_known(thing) else thing.data
    if isinstance(thing, str | bytes):
        raise NumberError(
            f"a {what} is a number, got the {type(thing).__name__} {thing!r}: {LABELS}"
        )
    return as_float(thing)


def is_known(number: Any) -> bool:
    """Whether one can look at `number`: not at what `autograd.compile` replays with others."""
    return not (isinstance(number, Value) and tracing.is_traced(number))


def plain(number: Any) -> float:
    """The plain number of what `number_of` gave."""
    return number.data if isinstance(number, Value) else number


def numbers_of(prediction: Any) -> Any:
    """A prediction as a plain float, or a list of them."""
    prediction = opened(prediction)
    if isinstance(prediction, list):
        return list(map(numbers_of, prediction))
    return float_of(as_prediction(prediction))


def numbers_in(prediction: Any) -> list[float]:
    """The outputs of one prediction as plain numbers."""
    prediction = opened(prediction)
    if isinstance(prediction, list):
        plainly = set(map(type, prediction)) == {float}
        return prediction if plainly else list(map(float_of, prediction))
    return [float_of(prediction)]


def without_values(prediction: Any) -> Any:
    """`prediction` with numbers for its Values."""
    if isinstance(prediction, Value):
        return prediction.data
    if isinstance(prediction, list | tuple) or hasattr(prediction, "__iter__"):
        return [without_values(part) for part in prediction]
    return prediction


def as_prediction(prediction: Any) -> Any:
    """`prediction` as it is; NumberError for None, the result of a function without return."""
    if prediction is None:
        raise NumberError("the prediction is None: does the model's __call__ return what it made?")
    return prediction
