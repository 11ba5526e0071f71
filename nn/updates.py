"""The formulas of the optimisers, for one parameter: those of ``torch.optim``.

A formula takes the parameter ``x``, its gradient ``g``, what the optimiser
remembers of it, and the settings; it returns the new ``x`` and what to
remember. Like the rules in `autograd.ops`, formulas are straight-line code:
the compiled engine runs them over all parameters at once.
"""

import contextlib
import copy
import importlib
import math
from collections.abc import Callable
from typing import Any, TypeAlias

from autograd import Value, engine
from autograd.errors import AnomalyError

Formula: TypeAlias = Callable[..., tuple[float, ...]]

_compiled: Any = None
if engine == "compiled":
    with contextlib.suppress(ImportError):
        _compiled = importlib.import_module("nn._updates")


def sgd(
    x: float,
    g: float,
    velocity: float,
    started: float,
    learning_rate: float,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: float,
) -> tuple[float, ...]:
    """x - learning_rate * velocity, where the velocity remembers earlier gradients."""
    decayed = g + weight_decay * x
    velocity = momentum * velocity + (1.0 - dampening) * decayed if started else decayed
    step = decayed + momentum * velocity if nesterov else velocity
    return x - learning_rate * step, velocity, 1.0


def adagrad(
    x: float, g: float, squares: float, rate: float, weight_decay: float, epsilon: float
) -> tuple[float, ...]:
    """x - rate * g / (sqrt(sum of g**2) + epsilon)."""
    decayed = g + weight_decay * x
    squares = squares + decayed * decayed
    return x - rate * decayed / (math.sqrt(squares) + epsilon), squares


def rmsprop(
    x: float,
    g: float,
    square: float,
    mean: float,
    velocity: float,
    learning_rate: float,
    alpha: float,
    epsilon: float,
    weight_decay: float,
    momentum: float,
    centered: float,
) -> tuple[float, ...]:
    """x - learning_rate * g / (sqrt(running mean of g**2) + epsilon)."""
    decayed = g + weight_decay * x
    square = alpha * square + (1.0 - alpha) * decayed * decayed
    mean = alpha * mean + (1.0 - alpha) * decayed if centered else mean
    variance = square - mean * mean if centered else square
    root = math.sqrt(variance if variance > 0.0 else 0.0)  # rounding may leave it just below 0
    velocity = momentum * velocity + decayed / (root + epsilon)
    return x - learning_rate * velocity, square, mean, velocity


def adam(
    x: float,
    g: float,
    mean: float,
    square: float,
    rate: float,
    root_correction: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    weight_decay: float,
    shrink: float,
) -> tuple[float, ...]:
    """shrink * x - rate * mean / (sqrt(square) / root_correction + epsilon).

    `rate` and `root_correction` hold the bias corrections of the means.
    """
    decayed = g + weight_decay * x
    mean = beta1 * mean + (1.0 - beta1) * decayed
    square = beta2 * square + (1.0 - beta2) * decayed * decayed
    scale = math.sqrt(square) / root_correction + epsilon
    return shrink * x - rate * mean / scale, mean, square


def amsgrad(
    x: float,
    g: float,
    mean: float,
    square: float,
    largest: float,
    rate: float,
    root_correction: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    weight_decay: float,
    shrink: float,
) -> tuple[float, ...]:
    """As `adam`, with the largest square so far in the place of the square."""
    decayed = g + weight_decay * x
    mean = beta1 * mean + (1.0 - beta1) * decayed
    square = beta2 * square + (1.0 - beta2) * decayed * decayed
    largest = square if square > largest else largest
    scale = math.sqrt(largest) / root_correction + epsilon
    return shrink * x - rate * mean / scale, mean, square, largest


OURS = (sgd, adagrad, rmsprop, adam, amsgrad)


def update(
    formula: Formula, parameters: list[Value], state: list[Any], settings: tuple[float, ...]
) -> None:
    """Change every parameter by `formula`; `state` holds an ``array('d')`` per thing remembered.

    All or nothing: an error leaves parameters and state as they were (AnomalyError
    for a gradient or a result that is not finite), and Ctrl-C finds them as they were
    or all changed.
    """
    compiled = _compiled if formula in OURS else None
    if compiled and compiled.update(formula.__name__, parameters, state, settings):
        return
    places = [place for place, parameter in enumerate(parameters) if parameter.requires_grad]
    chosen = [parameters[place] for place in places]
    moved, remembered = _computed(formula, chosen, places, state, settings)
    try:
        write(chosen, moved)
        state[:] = remembered
    except KeyboardInterrupt:
        write(chosen, moved)
        state[:] = remembered
        raise


def _computed(
    formula: Formula,
    parameters: list[Value],
    places: list[int],
    state: list[Any],
    settings: tuple[float, ...],
) -> tuple[list[float], list[Any]]:
    """The new numbers of `parameters`, which stand at `places`, and the new state."""
    refuse_non_finite("gradient", parameters, [parameter.grad for parameter in parameters])
    moved, remembered = [], [copy.copy(numbers) for numbers in state]
    for place, parameter in zip(places, parameters, strict=True):
        before = [numbers[place] for numbers in state]
        x, *after = formula(parameter.data, parameter.grad, *before, *settings)
        moved.append(x)
        for numbers, number in zip(remembered, after, strict=True):
            numbers[place] = number
    refuse_non_finite("new number", parameters, moved)
    for numbers in remembered:
        refuse_non_finite(
            "running mean of gradients", parameters, [numbers[place] for place in places]
        )
    return moved, remembered


def write(parameters: list[Value], numbers: list[float]) -> None:
    """Set the parameters."""
    for parameter, number in zip(parameters, numbers, strict=True):
        parameter.data = number


def refuse_non_finite(what: str, parameters: list[Value], numbers: list[float]) -> None:
    """AnomalyError for the first parameter whose number is nan or infinite."""
    for place, (parameter, number) in enumerate(zip(parameters, numbers, strict=True)):
        if not math.isfinite(number):
            named = f"{parameter.scope}/{parameter.label}".strip("/") or f"parameter {place}"
            remedy = "autograd.detect_anomaly() finds where it began"
            if all(math.isfinite(parameter.grad) for parameter in parameters):
                remedy = "lower the learning rate or clip the gradients"
            raise AnomalyError(
                f"the {what} of {named} is {number!r}, so no parameter was changed: {remedy}"
            )
