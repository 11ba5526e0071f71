"""What made an output: a sigmoid, a tanh, a softmax, in whichever way it is written."""

import contextvars
import functools
from collections.abc import Callable, Sequence
from typing import Any

from autograd import Value
from autograd.support import modes
from nn.arguments.numbers import numbers_in

# The activations of a layer that say how its outputs are read.
TELLING = ("identity", "sigmoid", "tanh", "softmax", "log_softmax", "relu", "softplus")


def output_of(
    model: Callable[[Any], Any] | None, X: Sequence[Any], prediction: Any = None
) -> tuple[str, int]:
    """What makes the output of `model`, in one word or "", and how many outputs there are."""
    known = output_of_layers(model)
    if known is not None:
        return known
    if prediction is None:
        if model is None or len(X) == 0:
            return "", 1
        context = contextvars.copy_context()  # it must be seen being made, also in no_grad
        prediction = context.run(_recorded, model, X[0])
    return what_made(prediction), len(numbers_in(prediction))


def _recorded(model: Callable[[Any], Any], x: Any) -> Any:
    modes.current.set(modes.current.get()._replace(recording=True))
    return model(x)


@functools.singledispatch
def output_of_layers(model: Any) -> tuple[str, int] | None:
    """The same without calling `model`, where its class says it (see `nn.layers`); else None."""
    return None


def what_made(prediction: Any) -> str:
    """What made a prediction, from its graph."""
    values = prediction if isinstance(prediction, list | tuple) else [prediction]
    if not values or not all(isinstance(value, Value) for value in values):
        return ""
    shapes = {_shape(value) for value in values}
    if len(shapes) == 1 and shapes <= {"sigmoid", "tanh"}:
        return shapes.pop()
    names = {value.op for value in values}
    if len(values) > 1 and names <= {"exp", "div", "mul"}:
        return "softmax" if abs(sum(value.data for value in values) - 1.0) < 1e-6 else ""
    return ""


def _shape(value: Value) -> str:
    """What a value is, in whichever way it is written: "sigmoid" or "tanh", or "" for others.

    A sigmoid is also ndtr, what is clipped to between 0 and 1, exp(logsigmoid(x)), the
    complement of a sigmoid, (1 + tanh(x)) / 2, 1 / (1 + exp(-x)) and exp(x) / (1 + exp(x)).
    """
    op: str = value.op
    if op in ("sigmoid", "tanh"):
        return op
    if op == "ndtr":
        return "sigmoid"
    if value.op == "clip" and _low_and_high(value):
        return "sigmoid"
    if value.op == "exp" and value.parents[0].op == "logsigmoid":
        return "sigmoid"
    if _is_complement(value) or _is_half_of_tanh(value) or _is_ratio_of_exp(value):
        return "sigmoid"
    return ""


def _number(value: Value) -> float | None:
    """The number of a constant, None of all that needs a gradient."""
    return None if value.requires_grad or value.parents else value.data


def _low_and_high(value: Value) -> bool:
    numbers = [_number(parent) for parent in value.parents[1:]]
    return all(number is not None and 0.0 <= number <= 1.0 for number in numbers)


def _is_complement(value: Value) -> bool:
    """Whether this is 1 - sigmoid."""
    if value.op != "sub":
        return False
    one, share = value.parents
    return _number(one) == 1.0 and _shape(share) == "sigmoid"


def _is_half_of_tanh(value: Value) -> bool:
    """Whether this is (1 + tanh(x)) / 2, the number before or behind, or 0.5 + 0.5 * tanh(x)."""
    if value.op == "add":
        half, rest = _number_and_rest(value)
        return half == 0.5 and _is_half(rest, "tanh")
    if value.op not in ("div", "mul"):
        return False
    rest = next((parent for parent in value.parents if parent.op == "add"), value)
    one, tanh = _number_and_rest(rest)
    return _is_half(value, "add") and one == 1.0 and tanh is not None and tanh.op == "tanh"


def _is_half(value: Value | None, op: str) -> bool:
    """Whether this is half of something that `op` made."""
    if value is None or value.op not in ("div", "mul"):
        return False
    if value.op == "div":
        return value.parents[0].op == op and _number(value.parents[1]) == 2.0
    half, rest = _number_and_rest(value)
    return half == 0.5 and rest is not None and rest.op == op


def _is_ratio_of_exp(value: Value) -> bool:
    """Whether this is 1 / (1 + exp(-x)), (1 + exp(-x))**-1 or exp(x) / (1 + exp(x))."""
    if value.op not in ("div", "pow"):
        return False
    above, below = value.parents
    if value.op == "pow":
        if _number(below) != -1.0:
            return False
        below = above
    one, power = _number_and_rest(below) if below.op == "add" else (None, None)
    if one != 1.0 or power is None or power.op != "exp":
        return False
    return value.op == "pow" or _number(above) == 1.0 or _same(above, power)


def _same(exp: Value, other: Value) -> bool:
    """Whether both are exp of one thing, computed once or twice."""
    return exp is other or (exp.op == "exp" and exp.parents[0] is other.parents[0])


def _number_and_rest(value: Value) -> tuple[float | None, Value | None]:
    """Of two operands the constant one and the other."""
    if len(value.parents) == 2:
        for constant, rest in (value.parents, value.parents[::-1]):
            if _number(constant) is not None:
                return _number(constant), rest
    return None, None
