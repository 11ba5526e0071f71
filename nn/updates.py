"""The formulas of the optimisers, for one parameter: those of ``torch.optim``.

A formula takes the parameter ``x``, its gradient ``g``, what the optimiser
remembers of it, and the settings; it returns the new ``x`` and what to
remember. Like the rules in `autograd.ops`, formulas are straight-line code:
the compiled engine runs them over all parameters at once.
"""

import contextlib
import importlib
import math
from collections.abc import Callable
from typing import Any, TypeAlias

from autograd import Value, engine

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


def update(
    formula: Formula, parameters: list[Value], state: list[Any], settings: tuple[float, ...]
) -> None:
    """Change every parameter by `formula`; `state` holds an ``array('d')`` per thing remembered."""
    ours = formula in (sgd, adagrad, rmsprop, adam)
    if _compiled and ours and _compiled.update(formula.__name__, parameters, state, settings):
        return
    for position, parameter in enumerate(parameters):
        if parameter.requires_grad:
            remembered = [numbers[position] for numbers in state]
            x, *new = formula(parameter.data, parameter.grad, *remembered, *settings)
            parameter.data = x
            for numbers, number in zip(state, new, strict=True):
                numbers[position] = number
