"""Learning-rate schedules: a schedule is a function from the epoch (from 0) to a rate."""

import math
from collections.abc import Callable
from typing import TypeAlias

Schedule: TypeAlias = Callable[[int], float]


def constant(learning_rate: float) -> Schedule:
    """The same rate in every epoch."""
    return lambda epoch: learning_rate


def step(learning_rate: float, every: int, factor: float = 0.1) -> Schedule:
    """Times `factor` after `every` epochs, and again."""
    _at_least_one("every", every)
    return lambda epoch: learning_rate * factor ** (epoch // every)


def exponential(learning_rate: float, factor: float) -> Schedule:
    """Times `factor` after each epoch."""
    return lambda epoch: learning_rate * factor**epoch


def cosine(learning_rate: float, epochs: int, smallest: float = 0.0) -> Schedule:
    """Half a cosine from `learning_rate` down to `smallest`, reached after `epochs` and kept.

    Loshchilov & Hutter, *SGDR*, 2017, equation 5, without restarts.

    >>> rate = cosine(1.0, epochs=4)
    >>> [round(rate(epoch), 3) for epoch in range(6)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """
    _at_least_one("epochs", epochs)

    def schedule(epoch: int) -> float:
        turn = math.cos(math.pi * min(epoch, epochs) / epochs)
        return smallest + (learning_rate - smallest) * (1.0 + turn) / 2.0

    return schedule


def linear(learning_rate: float, final: float, epochs: int) -> Schedule:
    """A straight line from `learning_rate` to `final`, reached after `epochs` and kept."""
    _at_least_one("epochs", epochs)
    return lambda epoch: learning_rate + (final - learning_rate) * min(epoch, epochs) / epochs


def warm_up(schedule: Schedule, epochs: int) -> Schedule:
    """`schedule`, after `epochs` that rise to its first rate in equal steps.

    >>> rate = warm_up(constant(0.4), epochs=4)
    >>> [round(rate(epoch), 2) for epoch in range(6)]
    [0.1, 0.2, 0.3, 0.4, 0.4, 0.4]
    """
    _at_least_one("epochs", epochs)

    def warmed(epoch: int) -> float:
        if epoch < epochs:
            return schedule(0) * (epoch + 1) / epochs
        return schedule(epoch - epochs)

    return warmed


def _at_least_one(name: str, number: int) -> None:
    if number < 1:
        raise ValueError(f"{name} must be at least 1, got {number!r}")
